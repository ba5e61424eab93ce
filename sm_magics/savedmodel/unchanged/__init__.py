class Look:
    reason = "stub"


def look(obj, also=()):
    return Look()
