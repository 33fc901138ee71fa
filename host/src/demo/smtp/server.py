"""A mail server on loopback for the demo and for tests: aiosmtpd, told what to do over standard input.

The first line of standard input is a JSON object of settings, and each later one changes some of them; each is
answered with a line on standard output. So is each mail, with what a strict parser makes of it. The server ends
with its standard input.
"""

import asyncio
import base64
import email
import email.policy
import json
import logging
import os
import re
import ssl
import sys
import tempfile
import threading
import warnings

sys.path[:0] = sys.argv[1:]

from aiosmtpd.smtp import SMTP, AuthResult  # noqa: E402: found by the line above

STRICT = email.policy.SMTP.clone(raise_on_defect=True)

# RFC 5322, section 3.6: these stand once.
ONCE = {"from", "date", "message-id", "subject", "mime-version", "content-type"}
AT_MOST_ONCE = {"sender", "reply-to", "to", "cc", "in-reply-to", "references"}
MESSAGE_ID = r"<[^<>@\s]+@[^<>@\s]+>"


def say(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def wrong_on_the_wire(raw, eight_bit):
    """What no parser minds and some server or reader does. Lines without CR LF never come this far alone."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\0", raw):
        yield "a bare CR or LF, or a NUL"
    if max(map(len, raw.split(b"\r\n"))) > 998:
        yield "a line of more than 998 bytes"
    if not head.isascii():
        yield "a header that is not ASCII"
    if not body.isascii() and not eight_bit:
        yield "an 8-bit body that was not announced"
    if not raw.endswith(b"\r\n"):
        yield "the last line does not end"
    for word in re.findall(rb"=\?[^?\s]*\?[^?\s]*\?[^?\s]*\?=", head):
        if len(word) > 75:
            yield "an encoded word of more than 75 characters (RFC 2047, section 2)"


def wrong_headers(message):
    names = [name.lower() for name in message.keys()]
    for name in sorted(ONCE | AT_MOST_ONCE):
        count = names.count(name)
        if count > 1 or (count == 0 and name in ONCE):
            yield f"{name} stands {count} times"
    if "bcc" in names:
        yield "bcc is shown"
    if not re.fullmatch(MESSAGE_ID, str(message["message-id"] or "").strip()):
        yield "message-id is none"
    for name in ("references", "in-reply-to"):
        if name in message and not re.fullmatch(rf"{MESSAGE_ID}(\s+{MESSAGE_ID})*", str(message[name]).strip()):
            yield f"{name} is no list of message ids"
    if message["date"] is None or message["date"].datetime is None:
        yield "date is none"


def people(header):
    return [[one.display_name, one.addr_spec] for one in header.addresses] if header else []


def read(raw, eight_bit):
    """The mail as a strict parser reads it, and all that is wrong with it."""
    mistakes = list(wrong_on_the_wire(raw, eight_bit))
    read = {"mistakes": mistakes}
    try:
        message = email.message_from_bytes(raw, policy=STRICT)
        mistakes += wrong_headers(message)
        read["parts"] = []
        for part in message.walk():
            for name, value in part.items():
                mistakes += [f"{name}: {defect!r}" for defect in value.defects]
            mistakes += map(repr, part.defects)
            if part.is_multipart():
                read["parts"].append([part.get_content_type(), None, None])
            else:
                text = part.get_content(errors="strict")
                encoding = str(part["content-transfer-encoding"] or "7bit")
                read["parts"].append([part.get_content_type(), encoding, text])
        read["headers"] = [[name, str(value)] for name, value in message.items()]
        for name in ("from", "to", "cc"):
            read[name] = people(message[name])
    except Exception as defect:  # Whatever a mail does to a parser, it is the mail's mistake.
        mistakes.append(f"{type(defect).__name__}: {defect}")
    return read


class Receiver:
    """What aiosmtpd asks at each step: https://aiosmtpd.aio-libs.org/en/stable/handlers.html."""

    def __init__(self, settings):
        self.settings = settings

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = self.settings.get("refuse", {}).get(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        answers = self.settings.get("answers") or []
        answer = answers.pop(0) if answers else "250 2.0.0 Kept"
        raw = envelope.content
        eight_bit = "BODY=8BITMIME" in envelope.mail_options
        say(mail={
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "login": session.auth_data if session.authenticated else None,
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            "answer": answer,
            "raw": base64.b64encode(raw).decode(),
            **read(raw, eight_bit),
        })
        if answer == "":
            server.transport.abort()
        return answer or "421 4.3.2 Gone"

    def judge(self, mechanism, login, secret):
        kept = self.settings["token"] if mechanism == "XOAUTH2" else self.settings["password"]
        known = (login, secret) == (self.settings["user"], kept)
        say(login={"mechanism": mechanism, "user": login, "known": known})
        return known

    def authenticate(self, server, session, envelope, mechanism, data):
        login = data.login.decode()
        known = self.judge(mechanism, login, data.password.decode())
        return AuthResult(success=known, handled=False, auth_data=login)

    async def auth_XOAUTH2(self, server, args):
        # https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
        given = base64.b64decode(args[1]) if len(args) > 1 else await server.challenge_auth(b"")
        form = re.fullmatch("user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", given.decode())
        login = form[1] if form else ""
        if form and self.judge("XOAUTH2", login, form[2]):
            return AuthResult(success=True, auth_data=login)
        # The reason comes as a challenge; the refusal after the client's empty answer to it.
        await server.challenge_auth(b'{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}')
        return AuthResult(success=False, handled=False)


def context(pem):
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(pem)
    try:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(file.name)
        return made
    finally:
        os.unlink(file.name)


async def main():
    settings = json.loads(sys.stdin.readline())
    receiver = Receiver(settings)
    security = settings["security"]
    tls = context(settings["certificate"]) if security != "plain" else None
    logins = settings.get("logins") or []

    def connection():
        return SMTP(
            receiver,
            hostname="mail.example",
            tls_context=tls if security == "starttls" else None,
            require_starttls=security == "starttls",
            auth_required=bool(logins),
            auth_require_tls=security == "starttls",
            auth_exclude_mechanism={"PLAIN", "LOGIN", "XOAUTH2"} - set(logins),
            authenticator=receiver.authenticate,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connection, "127.0.0.1", 0, ssl=tls if security == "implicit" else None)
    ended = loop.create_future()

    def change(line):
        if line:
            settings.update(json.loads(line))
            say(changed=None)
        elif not ended.done():
            ended.set_result(None)

    def listen():
        while True:
            line = sys.stdin.readline()
            loop.call_soon_threadsafe(change, line)
            if not line:
                return

    threading.Thread(target=listen, daemon=True).start()
    say(port=server.sockets[0].getsockname()[1])
    await ended


logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
asyncio.run(main())
