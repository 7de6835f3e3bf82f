"""What is written in headers, in charsets and in the envelope, and when a message is due."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["HEADERS"]

STRUCTURED = "tests/mail/message/test_structured.py"
ENVELOPE = "tests/mail/message/test_envelope.py"
CHARSETS = "tests/mail/message/test_charsets.py"
MISTAKES = "tests/mail/test_mistakes.py"

HEADERS = (
    Mechanism(
        "a header may be known by a part of its name",
        "quartapp/mail/message/structured.py",
        "            if ends(part):\n",
        "            if False:\n",
        f"{STRUCTURED}::test_what_looks_like_an_encoded_word_in_an_id_is_left_alone",
    ),
    Mechanism(
        "groups of addresses stay groups",
        "quartapp/mail/message/structured.py",
        "        if group is not None:\n            *before",
        "        if False:\n            *before",
        f"{STRUCTURED}::test_groups_of_addresses_stay_groups",
    ),
    Mechanism(
        "an id stands whole beside its name",
        "quartapp/mail/message/folding.py",
        "            room = LONGEST_LINE\n",
        "            pass\n",
        f"{STRUCTURED}::test_an_id_is_never_broken_or_encoded_up_to_the_longest_line",
    ),
    Mechanism(
        "an id that no line holds is refused",
        "quartapp/mail/message/structured.py",
        "if longest > LONGEST_LINE:",
        "if False:",
        f"{STRUCTURED}::test_what_a_header_cannot_have_is_refused_in_a_sentence",
    ),
    Mechanism(
        "what programs read is ASCII",
        "quartapp/mail/message/structured.py",
        "    if not value.isascii():\n        raise",
        "    if False:\n        raise",
        f"{STRUCTURED}::test_what_a_header_cannot_have_is_refused_in_a_sentence",
    ),
    Mechanism(
        "the comment beside a link is encoded, and not the link",
        "quartapp/mail/message/structured.py",
        "written = value if value.isascii() else COMMENT.sub(_encoded_comment, value)",
        "written = value",
        f"{STRUCTURED}::test_the_comment_beside_a_link_is_text",
    ),
    Mechanism(
        "bounces go where the call says",
        "quartapp/mail/message/encoding.py",
        'envelope_sender("envelope_from", envelope_from)\n        or ',
        "",
        f"{ENVELOPE}::test_the_nearest_word_counts",
    ),
    Mechanism(
        "bounces go where the setting says",
        "quartapp/mail/message/encoding.py",
        "        or settings.envelope_from\n",
        "",
        f"{ENVELOPE}::test_it_is_stored_with_the_message",
    ),
    Mechanism(
        "mail.send takes the envelope sender",
        "quartapp/mail/service.py",
        "finish(message, envelope_from)",
        "finish(message)",
        f"{ENVELOPE}::test_a_message_that_is_sent_now_takes_it_from_the_call",
    ),
    Mechanism(
        "the send of a connection takes the envelope sender",
        "quartapp/mail/delivery/connection.py",
        "self._finish(message, envelope_from)",
        "self._finish(message)",
        f"{ENVELOPE}::test_a_message_that_is_sent_now_takes_it_from_the_call",
    ),
    Mechanism(
        "<> is the null sender",
        "quartapp/mail/addresses.py",
        "return NULL_SENDER if text == NULL_SENDER else Address",
        "return Address",
        f"{ENVELOPE}::test_the_nearest_word_counts",
    ),
    Mechanism(
        "the null sender is empty on the wire",
        "quartapp/mail/message/encoding.py",
        '"" if sender == NULL_SENDER else sender,',
        "sender,",
        f"{ENVELOPE}::test_a_message_that_is_sent_now_takes_it_from_the_call",
    ),
    Mechanism(
        "an empty envelope sender is unset",
        "quartapp/mail/addresses.py",
        'if text is None or text == "":\n        return None\n    return NULL_SENDER',
        "if text is None:\n        return None\n    return NULL_SENDER",
        f"{ENVELOPE}::test_the_nearest_word_counts",
    ),
    Mechanism(
        "the envelope sender is checked like an address",
        "quartapp/mail/addresses.py",
        "else Address.read(place, text).spec\n\n\ndef envelope_sender_setting",
        "else text\n\n\ndef envelope_sender_setting",
        f"{ENVELOPE}::test_it_is_checked_like_an_address",
    ),
    Mechanism(
        "a charset is called by its IANA name",
        "quartapp/mail/message/charsets.py",
        'return LABELS.get(codec(name) or "")',
        "return codec(name)",
        f"{CHARSETS}::test_a_charset_is_called_by_its_iana_name",
    ),
    Mechanism(
        "a charset without an IANA name is refused",
        "quartapp/mail/message/fields.py",
        "if (known := label(name)) is None:",
        "if (known := label(name) or name) is None:",
        f"{CHARSETS}::test_a_charset_without_an_iana_name_is_refused",
    ),
    Mechanism(
        "the charset of a file is called by its IANA name",
        "quartapp/mail/message/content_type.py",
        "value = label(value) or value",
        "pass",
        f"{CHARSETS}::test_the_type_of_a_file_has_the_iana_name_too",
    ),
    Mechanism(
        "only a recipient beyond ASCII fails without SMTPUTF8",
        "quartapp/mail/transports/smtp/connection.py",
        "if not (is_ascii and each.isascii())]",
        "if not (is_ascii and all(map(str.isascii, envelope.recipients)))]",
        "tests/mail/message/test_smtputf8.py"
        "::test_only_the_recipient_in_utf8_fails_where_the_rest_is_ascii",
    ),
    Mechanism(
        "a moment without a time zone is refused",
        "quartapp/mail/outbox/submission.py",
        "isinstance(given, datetime) and given.utcoffset() is not None:",
        "isinstance(given, datetime):",
        f"{MISTAKES}::test_what_is_no_time_is_a_type_error",
    ),
    Mechanism(
        "a timedelta counts from now",
        "quartapp/mail/outbox/submission.py",
        "if isinstance(given, timedelta):",
        "if False:",
        f"{MISTAKES}::test_a_timedelta_counts_from_now",
    ),
    Mechanism(
        "another kind of at= and expires= is a sentence",
        "quartapp/mail/outbox/submission.py",
        "isinstance(given, datetime) and given.utcoffset() is not None:",
        "given.utcoffset() is not None:",
        f"{MISTAKES}::test_what_is_no_time_is_a_type_error",
    ),
    Mechanism(
        "a moment beyond the calendar is a sentence",
        "quartapp/mail/outbox/submission.py",
        "except OverflowError:",
        "except MemoryError:",
        f"{MISTAKES}::test_a_time_beyond_all_calendars_is_refused",
    ),
)
