"""What a message is before it is encoded: its fields, its files, and the hooks that see it."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["COMPOSING"]

NAMED = "tests/mail/message/test_named_headers.py"
FILES = "tests/mail/outbox/test_files.py"
BEFORE_SEND = "tests/mail/outbox/test_before_send.py"

COMPOSING = (
    Mechanism(
        "a link to unsubscribe is nothing but a link",
        "quartapp/mail/message/unsubscribing.py",
        "if not URI.fullmatch(text):",
        "if False:",
        f"{NAMED}::test_a_link_that_no_mail_program_would_follow_is_refused",
    ),
    Mechanism(
        "one click is asked for where there is an https link",
        "quartapp/mail/message/named_headers.py",
        'if any(link.startswith("https:") for link in unsubscribe):',
        "if False:",
        f"{NAMED}::test_where_to_unsubscribe_is_written",
    ),
    Mechanism(
        "a header that a field writes is not given twice",
        "quartapp/mail/message/named_headers.py",
        "        _refuse_twice(headers, extra_headers)\n",
        "        pass\n",
        f"{NAMED}::test_a_header_that_is_given_twice_later_is_refused_when_it_is_composed",
    ),
    Mechanism(
        "a thread that grows is cut",
        "quartapp/mail/message/message_ids.py",
        "return ids if len(ids) <= MOST else",
        "return ids if True else",
        f"{NAMED}::test_a_long_thread_keeps_its_first_and_its_newest_ids_each_on_a_whole_line",
    ),
    Mechanism(
        "a copy tells what a field wrote from an extra header",
        "quartapp/mail/message/parsing.py",
        'ours = names[: names.index("message-id")]',
        "ours = names",
        f"{NAMED}::test_a_copy_has_the_fields_again_and_only_what_they_wrote",
    ),
    Mechanism(
        "what is no file is not read",
        "quartapp/mail/outbox/files.py",
        "if not stat.S_ISREG(found.st_mode):",
        "if False:",
        f"{FILES}::test_what_is_no_file_is_one_sentence",
    ),
    Mechanism(
        "a stream is read no further than there is room",
        "quartapp/mail/outbox/files.py",
        "            if len(data) > room:\n                break\n",
        "",
        f"{FILES}::test_a_stream_without_end_is_read_no_further_than_the_limit_and_closed",
    ),
    Mechanism(
        "a stream is closed",
        "quartapp/mail/outbox/files.py",
        "            await close()\n",
        "            pass\n",
        f"{FILES}::test_a_stream_without_end_is_read_no_further_than_the_limit_and_closed",
    ),
    Mechanism(
        "a stream that was read is not sent as nothing",
        "quartapp/mail/message/streams.py",
        "if self._is_over or is_over:",
        "if False:",
        f"{FILES}::test_a_stream_that_was_read_is_not_sent_as_nothing",
    ),
    Mechanism(
        "others have turns while a stream is read",
        "quartapp/mail/outbox/files.py",
        "            await turns.give()\n",
        "",
        f"{FILES}::test_others_have_their_turns_while_a_stream_is_read",
    ),
    Mechanism(
        "hooks see a message before it is encoded",
        "quartapp/mail/outbox/submission.py",
        "        await self._before_send.see(message)\n",
        "",
        f"{BEFORE_SEND}::test_hooks_amend_a_message_in_their_order_and_in_the_callers_task",
    ),
    Mechanism(
        "a hook's coroutine is awaited",
        "quartapp/mail/outbox/before_send.py",
        "if isawaitable(answer):",
        "if False:",
        f"{BEFORE_SEND}::test_a_hook_may_be_any_callable_and_its_coroutine_is_awaited",
    ),
    Mechanism(
        "a hook that answers has not vetoed in silence",
        "quartapp/mail/outbox/before_send.py",
        "if answer is not None:",
        "if False:",
        f"{BEFORE_SEND}::test_a_hook_that_answers_is_an_error_that_says_how_to_veto",
    ),
    Mechanism(
        "a veto needs no server",
        "quartapp/mail/service.py",
        "        encoded = await self._parts.submission.finish(message, envelope_from)\n"
        "        async with self.connect() as connection:\n",
        "        async with self.connect() as connection:\n"
        "            encoded = await self._parts.submission.finish(message, envelope_from)\n",
        f"{BEFORE_SEND}::test_a_message_that_is_vetoed_needs_no_server",
    ),
)
