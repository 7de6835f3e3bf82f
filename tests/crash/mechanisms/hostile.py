"""What keeps text from outside from holding the process, or breaking a page."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["HOSTILE"]

LINEAR = "tests/mail/test_linear_time.py::test_ten_times_the_text_takes_about_ten_times_as_long"
READING = "tests/mail/mailbox/test_reading.py"
ATTACHMENT = "tests/mail/message/test_attachment.py"
STRUCTURED = "tests/mail/message/test_structured.py"
MAILBOX = "tests/mail/pages/test_mailbox.py"

HOSTILE = (
    Mechanism(
        "requests that Quart cannot read are refused",
        "quartapp/web/readable.py",
        'if scope["type"] == "lifespan" or _is_readable(scope):',
        "if True:",
        "tests/web/test_errors.py::test_a_host_that_is_none_is_a_bad_request",
    ),
    Mechanism(
        "a name is not composed in quadratic time",
        "quartapp/web/forms.py",
        "bare if len(bare) > MOST_COMPOSED else",
        "",
        f"{LINEAR}[form]",
    ),
    Mechanism(
        "a token proves nothing for another origin, which can set our cookie",
        "quartapp/web/csrf.py",
        "if _is_of_another_origin():",
        "if False:",
        "tests/web/test_csrf.py"
        "::test_a_token_proves_nothing_for_another_origin_that_set_the_cookie",
    ),
    Mechanism(
        "tags that never end are not looked through again",
        "quartapp/mail/tags.py",
        "                return  # a tag without an end is none",
        "                at = found.end()",
        f"{LINEAR}[html tag]",
    ),
    Mechanism(
        "no codec that is no charset",
        "quartapp/mail/message/charsets.py",
        "None if found.name.replace",
        "found.name if True or found.name.replace",
        f"{READING}::test_encoded_words_are_read",
    ),
    Mechanism(
        "a file name in ASCII makes no path",
        "quartapp/mail/message/ascii_names.py",
        '.replace("/", "_")',
        "",
        "tests/mail/message/test_files.py::test_a_name_in_plain_ascii_keeps_its_letters",
    ),
    Mechanism(
        "an invitation comes after the HTML",
        "quartapp/mail/message/checked.py",
        "sorted(self.alternatives.items(), key=_place)",
        "self.alternatives.items()",
        "tests/mail/message/test_files.py::test_an_invitation_comes_after_the_html",
    ),
    Mechanism(
        "a charset changes no text",
        "quartapp/mail/message/charsets.py",
        "if octets.decode(name) != text:",
        "if False:",
        "tests/mail/message/test_charsets.py::test_a_charset_that_would_change_the_text_is_refused",
    ),
    Mechanism(
        "a picture is put in again only while there is room",
        "quartapp/mail/mailbox/reading.py",
        "if size > room:",
        "if False:",
        f"{READING}::test_a_picture_shown_a_thousand_times_is_not_put_in_a_thousand_times",
    ),
    Mechanism(
        "thousands of parts are not told apart",
        "quartapp/mail/mailbox/parts.py",
        "if len(self.found) == MOST_PARTS - 1:",
        "if False:",
        f"{READING}::test_thousands_of_parts_are_not_told_apart",
    ),
    Mechanism(
        "a file's name has nothing that no header can hold",
        "quartapp/mail/mailbox/attached.py",
        "each if each.isprintable() or each.isspace() else",
        "each if True else",
        f"{READING}::test_a_file_name_is_read_however_it_is_written",
    ),
    Mechanism(
        "a message is taken apart once, and not for each of its files",
        "quartapp/mail/mailbox/store.py",
        "lru_cache(OPENED)(self._take_apart)",
        "lru_cache(0)(self._take_apart)",
        f"{MAILBOX}::test_a_message_of_many_files_is_taken_apart_once_and_not_for_each",
    ),
    Mechanism(
        "a page shows so many lines",
        "quartapp/mail/pages/looks.py",
        "lines[: cls.LINES]",
        "lines",
        f"{MAILBOX}::test_a_text_of_very_many_lines_is_cut_with_a_way_to_all_of_it",
    ),
    Mechanism(
        "a hint that fails is left out",
        "quartapp/mail/mailbox/hints.py",
        "except Exception:",
        "except MemoryError:",
        "tests/mail/mailbox/test_hints.py::test_a_hint_that_fails_is_left_out_and_the_others_stay",
    ),
    Mechanism(
        "headers that programs read are known by name",
        "quartapp/mail/message/structured.py",
        "        return SHAPES[lower]",
        "        return Shape.TEXT",
        f"{STRUCTURED}::test_what_a_header_cannot_have_is_refused_in_a_sentence",
    ),
    Mechanism(
        "an address beside an encoded name is not encoded",
        "quartapp/mail/message/structured.py",
        "    Shape.ADDRESSES: _addresses,",
        "    Shape.ADDRESSES: lambda _, value: [f' {word}' for word in encoded_words(value)],",
        f"{STRUCTURED}::test_an_address_stays_an_address_beside_a_name_that_is_encoded",
    ),
    Mechanism(
        "nothing in angle brackets is folded",
        "quartapp/mail/message/structured.py",
        'ATOMIC = re.compile(r" +(?:<[^<>]*>|[^ ])+")',
        'ATOMIC = re.compile(r" *[^ ]")',
        f"{STRUCTURED}::test_a_hundred_ids_are_folded_between_ids",
    ),
    Mechanism(
        "attachments are checked when the message is composed",
        "quartapp/mail/message/fields.py",
        "attachments[index] = attachment.checked()",
        "attachments[index] = attachment",
        f"{ATTACHMENT}::test_headers_that_changed_later_are_checked_when_the_message_is_composed",
    ),
    Mechanism(
        "malformed parameters are refused",
        "quartapp/mail/message/content_type.py",
        "if not END.fullmatch(text, end):",
        "if False:",
        f"{ATTACHMENT}::test_what_is_no_file_is_refused_in_a_sentence",
    ),
)
