STATE = {"ready": False}


def handler(event, context):
    return f"{STATE['ready']}"
