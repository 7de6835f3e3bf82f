"""What files and invitations are called and where they stand, and how the mailbox reads them."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["FILES"]

WRITTEN = "tests/mail/message/test_files.py"
READING = "tests/mail/mailbox/test_reading.py"
LABELS = f"{READING}::test_a_charset_label_is_read_as_browsers_read_it"
NAMES = f"{READING}::test_a_file_name_is_read_however_it_is_written"
QUOTED = f"{READING}::test_a_picture_is_found_however_its_name_is_quoted"

FILES = (
    Mechanism(
        "types are ours before the standard library's",
        "quartapp/mail/message/types.py",
        'if end.removeprefix(".") in TYPES:',
        "if False:",
        f"{WRITTEN}::test_a_files_type_is_the_same_on_every_machine",
    ),
    Mechanism(
        "types are not the machine's",
        "quartapp/mail/message/types.py",
        "return _REST.types_map[True].get(end)",
        'return __import__("mimetypes").guess_type(filename)[0]',
        f"{WRITTEN}::test_a_type_that_only_this_machine_knows_is_none",
    ),
    Mechanism(
        "a file's name stands in its type too",
        "quartapp/mail/message/mime.py",
        'kind.header(*([named] if name and not kind.has("name") else []))',
        "kind.header()",
        f"{WRITTEN}::test_a_name_in_any_script_stands_in_the_type_too",
    ),
    Mechanism(
        "MAIL_ASCII_ATTACHMENTS gives names in ASCII",
        "quartapp/mail/message/mime.py",
        "if name and ascii_names:",
        "if False:",
        f"{WRITTEN}::test_a_name_in_plain_ascii_keeps_its_letters",
    ),
    Mechanism(
        "a name in ASCII is on one line, however long",
        "quartapp/mail/message/mime.py",
        "shown = [f'filename=\"{ascii_name(name)}\"']",
        'shown = parameter("filename", ascii_name(name))',
        f"{WRITTEN}::test_a_name_in_plain_ascii_keeps_its_letters",
    ),
    Mechanism(
        "a letter without an accent to drop has a form",
        "quartapp/mail/message/ascii_names.py",
        "if letter in FORMS:",
        "if False:",
        f"{WRITTEN}::test_a_name_in_plain_ascii_keeps_its_letters",
    ),
    Mechanism(
        "a name without any letter of ASCII is not dropped",
        "quartapp/mail/message/ascii_names.py",
        'if not re.search("[A-Za-z0-9]", stem) or name.startswith("."):',
        "if False:",
        f"{WRITTEN}::test_a_name_in_plain_ascii_keeps_its_letters",
    ),
    Mechanism(
        "an invitation has one charset",
        "quartapp/mail/message/mime.py",
        'kind.without("charset").header(',
        "kind.header(",
        f"{WRITTEN}::test_an_invitation_comes_after_the_html",
    ),
    Mechanism(
        "an invitation has its method in its type",
        "quartapp/mail/message/calendar.py",
        "if found else kind",
        "if False else kind",
        f"{WRITTEN}::test_the_method_of_a_calendar_is_said_in_its_type",
    ),
    Mechanism(
        "a method that is given is kept",
        "quartapp/mail/message/calendar.py",
        ' or kind.has("method"):',
        ":",
        f"{WRITTEN}::test_a_method_that_is_given_is_left_alone",
    ),
    Mechanism(
        "a message within a message is a file",
        "quartapp/mail/mailbox/attached.py",
        'if kind in ("text/plain", "text/html"):',
        'if kind in ("text/plain", "text/html") or kind.startswith("message/"):',
        f"{READING}::test_a_message_within_the_message_is_a_file_and_whole",
    ),
    Mechanism(
        "a message within a message is not taken apart",
        "quartapp/mail/mailbox/parts.py",
        'if not part.content_type.startswith("multipart/"):',
        "if False:",
        f"{READING}::test_a_message_within_the_message_is_a_file_and_whole",
    ),
    Mechanism(
        "the messages of a digest are files",
        "quartapp/mail/mailbox/parts.py",
        'if self.within == "multipart/digest" else',
        "if False else",
        f"{READING}::test_the_messages_of_a_digest_are_files",
    ),
    Mechanism(
        "a part with a file name is a file",
        "quartapp/mail/mailbox/attached.py",
        'if disposition not in ("", "inline") or _name(part):',
        'if disposition not in ("", "inline"):',
        f"{READING}::test_a_part_with_a_file_name_is_a_file_whatever_its_type",
    ),
    Mechanism(
        "a name in the form of RFC 2231 is decoded once",
        "quartapp/mail/mailbox/parameters.py",
        "    return text(octets, charset)\n",
        "    return words(text(octets, charset))\n",
        NAMES,
    ),
    Mechanism(
        "the spaces of a name are its own",
        "quartapp/mail/mailbox/attached.py",
        'BREAKS.sub(" ", name).strip()',
        '" ".join(name.split())',
        NAMES,
    ),
    Mechanism(
        "a bare name in UTF-8 is read",
        "quartapp/mail/mailbox/parts.py",
        'text(each[2], "").strip()',
        'each[2].decode("latin-1").strip()',
        NAMES,
    ),
    Mechanism(
        "text that is no us-ascii is read",
        "quartapp/mail/mailbox/words.py",
        '    if name == "ascii":\n',
        "    if False:\n",
        LABELS,
    ),
    Mechanism(
        "gb2312 is read as the larger charset",
        "quartapp/mail/mailbox/labels.py",
        '    "gb2312": "gb18030",\n',
        "",
        LABELS,
    ),
    Mechanism(
        "windows-874 is known",
        "quartapp/mail/message/charsets.py",
        "for page in [874, *range(1250, 1259)]",
        "for page in range(1250, 1259)",
        LABELS,
    ),
    Mechanism(
        "labels are those of browsers",
        "quartapp/mail/mailbox/labels.py",
        "found = codec(CODECS.get(written, written))",
        "found = codec(written)",
        LABELS,
    ),
    Mechanism(
        "a picture's name may be quoted",
        "quartapp/mail/mailbox/reading.py",
        'pictures.get(unquote(unescape(written)).strip(" <>"))',
        "pictures.get(written)",
        QUOTED,
    ),
    Mechanism(
        "further texts are shown",
        "quartapp/mail/mailbox/reading.py",
        "texts = [_text(part) for part in said]",
        "texts = [_text(part) for part in said][:1]",
        f"{READING}::test_further_text_is_shown_as_text",
    ),
    Mechanism(
        "an invitation among alternatives is a file in the mailbox",
        "quartapp/mail/mailbox/attached.py",
        ' or part.within == "multipart/alternative"',
        "",
        f"{READING}::test_an_alternative_for_programs_is_a_file",
    ),
    Mechanism(
        "a list of messages for programs has the first recipients",
        "quartapp/mail/mailbox/entry.py",
        "self.recipients[: self.LISTED]",
        "self.recipients",
        "tests/mail/pages/test_mailbox.py"
        "::test_the_list_for_programs_has_the_first_hundred_recipients",
    ),
)
