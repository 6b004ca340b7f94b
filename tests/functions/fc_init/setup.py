import index


def warm(context):
    index.STATE["ready"] = True
