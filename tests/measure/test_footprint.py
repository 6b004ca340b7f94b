"""A footprint is the medians of what was measured, and names what a start imported."""

import pytest

from fnlab.errors import BadValue
from fnlab.measure import Footprints, footprint
from fnlab.measure.footprint import packages
from fnlab.trace import Phase


def start(imports_s, *, load_s=0.25):
    """A cold start of a quarter of a second for the process, some imports, and loading in two phases."""
    parts = {"numpy": imports_s / 4, "sklearn": imports_s / 2}
    return (
        Phase("spawn", 0.25),
        Phase("imports", imports_s, parts),
        Phase("deserialise", load_s),
        Phase("first predict", 0.0),
    )


def weighed(name, *imports_s, calls_s=(0.5, 0.25, 1.0)):
    """A footprint from starts with these imports."""
    starts = [start(each) for each in imports_s]
    return footprint(
        name, starts=starts, calls_s=calls_s, package_bytes=2048, installed_bytes=3 * 2**20, peak_mib=120.4
    )


def test_times_are_medians_and_the_phases_are_those_of_the_median_start():
    """Of starts with 3, 1 and 2 s of imports, the one with 2 s is shown."""
    one = weighed("a", 3.0, 1.0, 2.0)
    assert (one.cold_s, one.warm_s, one.import_s, one.load_s) == (2.5, 0.5, 2.0, 0.25)
    assert one.phases == start(2.0)
    assert (one.cold_starts, one.calls) == (3, 3)


def test_a_footprint_as_text():
    """Sizes in KiB and MiB, times as a person says them."""
    assert weighed("a", 1.0).row == {
        "package": "2.0 KiB",
        "imports on disk": "3 MiB",
        "cold start": "1.5 s",
        "of it imports": "1 s",
        "of it loading": "250 ms",
        "warm call": "500 ms",
        "peak memory": "120 MiB",
    }


def test_footprints_are_found_by_name_and_compared():
    """Whoever starts in a third of the time starts three times faster."""
    both = Footprints((weighed("slow", 2.5), weighed("fast", 0.5)))
    assert [one.name for one in both] == ["slow", "fast"]
    assert both.times_shorter("slow", "fast") == 3.0
    assert repr(both) == "Footprints(slow: 3 s cold, fast: 1 s cold)"
    assert "<th>slow</th>" in both._repr_html_()
    with pytest.raises(BadValue, match=r"a footprint is one of slow, fast; got 'other'\."):
        both["other"]


def test_nothing_measured_is_no_footprint():
    """A start and a call are needed; the sentence counts what there is."""
    with pytest.raises(BadValue, match=r"needs a cold start and a warm call; 'a' has 0 and 3\."):
        weighed("a")


def test_packages_add_up_over_the_phases():
    """Imports may happen in several phases."""
    assert packages([*start(1.0), Phase("initialiser", 1.0, {"numpy": 0.5})]) == {"numpy": 0.75, "sklearn": 0.5}
