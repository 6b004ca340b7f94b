"""The noun between trace and bill: what is metered, before any price."""

from dataclasses import dataclass, fields
from decimal import Decimal

from fnlab.units import require


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What is metered. Plain numbers are turned into Decimal; GB means 1,024 MiB, as all vendors here count it.

    Attributes
    ----------
    requests, provisioned_requests : int
        Invocations that reached an instance, and those of them that reached a provisioned one. A throttled one did
        not, and is not billed.
    gb_s, vcpu_s, gpu_s : Decimal
        Memory, vCPU and GPU of on-demand instances times their billed time.
    provisioned_gb_s, provisioned_vcpu_s, provisioned_gpu_s : Decimal
        The same of provisioned instances, times how long they were kept, rounded as the sheet says.
    provisioned_run_gb_s, provisioned_run_vcpu_s, provisioned_run_gpu_s : Decimal
        The same, times the time they started or ran something.
    disk_gb_s, provisioned_disk_gb_s, provisioned_run_disk_gb_s : Decimal
        Disk beyond the included size, times the time of on-demand instances, and of provisioned ones kept or running.
    snapshot_gb_s, restored_gb : Decimal
        Memory of every version times how long its snapshot was kept, and memory of every on-demand instance once.
    init_s : Decimal
        Time that requests waited for new on-demand instances, billed or not.
    overlap_s, provisioned_overlap_s : Decimal
        How much longer requests ran together than the time that is billed once for all of them, on on-demand instances
        and on provisioned ones.
    hours : int
        Clock hours in which something ran or was kept, where the sheet has a minimum for them.
    gpu : str
        Which GPU the instances had.
    vcpu_assumed : bool
        True when the vCPU was derived from the memory and not given.
    notes : tuple of str
        What was assumed.
    """

    requests: int = 0
    provisioned_requests: int = 0
    gb_s: Decimal = Decimal(0)
    vcpu_s: Decimal = Decimal(0)
    gpu_s: Decimal = Decimal(0)
    provisioned_gb_s: Decimal = Decimal(0)
    provisioned_vcpu_s: Decimal = Decimal(0)
    provisioned_gpu_s: Decimal = Decimal(0)
    provisioned_run_gb_s: Decimal = Decimal(0)
    provisioned_run_vcpu_s: Decimal = Decimal(0)
    provisioned_run_gpu_s: Decimal = Decimal(0)
    disk_gb_s: Decimal = Decimal(0)
    provisioned_disk_gb_s: Decimal = Decimal(0)
    provisioned_run_disk_gb_s: Decimal = Decimal(0)
    snapshot_gb_s: Decimal = Decimal(0)
    restored_gb: Decimal = Decimal(0)
    init_s: Decimal = Decimal(0)
    overlap_s: Decimal = Decimal(0)
    provisioned_overlap_s: Decimal = Decimal(0)
    hours: int = 0
    gpu: str = ""
    vcpu_assumed: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type not in (int, Decimal):
                continue
            require(field.name, value, at_least=0)
            if field.type is Decimal and not isinstance(value, Decimal):
                object.__setattr__(self, field.name, Decimal(str(value)))

    @property
    def on_demand_requests(self) -> int:
        """Requests that on-demand instances served."""
        return self.requests - self.provisioned_requests

    @property
    def provisioned_idle_gb_s(self) -> Decimal:
        """Memory of provisioned instances times the time they served nothing."""
        return max(self.provisioned_gb_s - self.provisioned_run_gb_s, Decimal(0))

    @property
    def provisioned_idle_vcpu_s(self) -> Decimal:
        """The same for vCPU."""
        return max(self.provisioned_vcpu_s - self.provisioned_run_vcpu_s, Decimal(0))

    @property
    def provisioned_idle_gpu_s(self) -> Decimal:
        """The same for GPU."""
        return max(self.provisioned_gpu_s - self.provisioned_run_gpu_s, Decimal(0))

    def __repr__(self) -> str:
        kept = f", {self.provisioned_gb_s:,.6g} GB-s provisioned" if self.provisioned_gb_s else ""
        return f"Usage({self.requests:,} requests, {self.gb_s:,.6g} GB-s{kept})"
