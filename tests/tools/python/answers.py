"""Answers of AWS as text: reads and changes the members of XML, and writes answers of the test bed's own."""
import re

from aiohttp import web


def each(text, kind, change):
    """The answer with each element of this kind changed."""
    return re.sub(rf"<{kind}>(.*?)</{kind}>", lambda found: f"<{kind}>{change(found[1])}</{kind}>", text, flags=re.DOTALL)


def member(text, name):
    """The text of the first such member, or nothing."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return found[1] if found else ""


def put(text, name, value):
    """The element's text with this member, in place of the one that it had."""
    new = f"<{name}>{value}</{name}>"
    changed, times = re.subn(rf"<{name}>.*?</{name}>|<{name}\s*/>", lambda _: new, text, count=1, flags=re.DOTALL)
    return changed if times else text + new


def xml(name, result):
    space = "http://rds.amazonaws.com/doc/2014-10-31/"
    text = f"<{name}Response xmlns=\"{space}\"><{name}Result>{result}</{name}Result></{name}Response>"
    return web.Response(status=200, text=text, content_type="text/xml")


def modelled_error(protocol, status, code):
    """An error as the service's protocol writes it."""
    message = f"{code}, made by the test bed"
    if protocol in ("json", "rest-json", "cbor"):
        return web.json_response({"__type": code, "message": message}, status=status, headers={"x-amzn-errortype": code})
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    text = f"<Response><Errors>{error}</Errors></Response>" if protocol == "ec2" else f"<ErrorResponse>{error}</ErrorResponse>"
    return web.Response(status=status, text=text, content_type="text/xml")
