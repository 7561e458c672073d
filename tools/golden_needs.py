"""Which recorded cases need what this gateway does not have yet, told from the cases themselves.

A section that adds a plugin which is not here cannot pass from that case on, nor can the sections of a file
whose set-up adds one; the same holds for protocols. What becomes available leaves the list by itself.
"""
import json
import re
import urllib.parse

PLUGIN_PATH = re.compile(r"/plugins(/[^/?]*)?(\?|$)")
# Whether a case is about something that has no code yet, and what that is.
FEATURES = (
    ("WebSocket", lambda case: "upgrade: websocket" in json.dumps(case.get("steps", "")).lower()),
    ("gRPC", lambda case: "grpc" in case),
    ("stream routes", lambda case: str(case.get("target", "")).startswith("stream")),
    ("metrics", lambda case: str(case.get("path", "")).split("?")[0] == "/metrics"),
)


def named_plugin(case):
    """The plugin that a case would add."""
    if case.get("target") != "admin" or case.get("method") not in ("POST", "PUT", "PATCH"):
        return None
    if not PLUGIN_PATH.search(case.get("path", "")):
        return None
    try:
        body = json.loads(case.get("body") or "{}")
    except ValueError:
        body = {k: v[0] for k, v in urllib.parse.parse_qs(case["body"]).items()}
    return body.get("name") if isinstance(body, dict) else None


def needs(lines, plugins):
    """Yields (id, what it needs) for the cases of one file; `plugins`: those that are here."""
    everywhere, section, here = {}, None, {}
    for case in lines:
        if case["section"] != section:
            section, here = case["section"], {}
        scope = everywhere if section == "setup" else here
        own = [feature for feature, about in FEATURES if about(case)]
        name = named_plugin(case)
        if name and name not in plugins:
            own.append(f"plugin {name}")
            if 200 <= (case.get("status") or 0) < 300:
                scope[own[-1]] = None
        missing = [*everywhere, *(here if scope is here else ()), *own]
        if missing:
            yield case["id"], ", ".join(dict.fromkeys(missing))


def excused(files, plugins):
    """{id: what it needs} of golden files."""
    out = {}
    for file in files:
        with file.open() as lines:
            next(lines)
            out.update(needs(map(json.loads, lines), plugins))
    return out
