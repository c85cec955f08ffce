"""The commands that pyshare tells its user to type: the tests that type each one, or why none can.

`{}` stands for what is filled in. A test is named by its path below `tests` and its name; it takes the command from
what is printed, types it where that is printed, and sees that it helps.
"""

_REMEDIES = "e2e/test_remedies.py::"
_SHARE = "e2e/share/test_link.py::"
_VERIFY = "e2e/cli/test_verify.py::"
_UNVERIFIED = "e2e/cli/test_unverified.py::"
_TWO_WAYS = "e2e/trees/test_two_ways.py::"
_DOCTOR = "e2e/cli/test_doctor.py::"
_MARKER = "e2e/test_directory_marker.py::"
_DROPBOX = "e2e/dropbox/test_commands.py::"
_OF_DROPBOX = "e2e/dropbox/test_initremote.py::"
_OF_WEBDAV = "e2e/webdav/test_initremote.py::"
_PUBLISH = "e2e/cli/test_publish.py::"
_INIT = "e2e/cli/test_init.py::"
_SCRIPTED = "e2e/cli/test_init_scripted.py::"
_BY_HAND = f"{_SCRIPTED}test_the_commands_of_a_dry_run_do_the_same_when_they_are_typed"
_REPAIRED = f"{_SCRIPTED}test_what_is_missing_of_a_remote_is_repaired"
_OTHERWISE = f"{_SCRIPTED}test_what_does_not_fit_a_remote_that_exists_is_refused_with_the_command_for_it"
_OF_DATALAD = "e2e/datalad/test_create_sibling.py::"
_NO_LINK = "test_a_file_whose_link_is_refused_is_stored_and_what_is_printed_makes_the_link"
_LIES = "test_what_a_lying_server_needs_is_typed_and_helps"
_HOSTILE = "e2e/test_hostile_invitations.py::"
_BARE = "e2e/accept/test_bare_machine.py::test_one_line_gets_the_data_on_a_machine_with_only_python_pip_and_git"
_WITH_HISTORY = "e2e/accept/test_accept.py::test_a_store_with_the_history_is_accepted_by_its_code_and_pushed_back_to"
_TAKE_OVER = "test_a_place_of_another_remote_is_taken_over_by_the_command_that_the_refusal_names"

TYPED: dict[str, tuple[str, ...]] = {
    "datalad create-sibling-pyshare -r --history github s3": (
        f"{_OF_DATALAD}test_files_come_before_the_history_that_goes_to_a_git_sibling",
    ),
    "datalad create-sibling-pyshare -s cloud --readers link https": (
        f"{_OF_DATALAD}test_a_friend_without_a_login_gets_all_subdatasets_by_links",
    ),
    "datalad create-sibling-pyshare {} {}": (
        f"{_OF_DATALAD}test_a_failure_names_the_command_that_goes_on_from_there",
        f"{_OF_DATALAD}test_the_command_that_a_conflict_names_adds_what_the_sibling_lacks",
    ),
    "datalad create --force": (f"{_INIT}test_where_there_is_no_dataset_one_is_made",),
    "git annex enableremote {} --with-url": (_REPAIRED,),
    "git annex enableremote {} url={}": (_OTHERWISE,),
    "git annex enableremote {} {}={}": (_OTHERWISE,),
    "git annex initremote {} {} {}": (_BY_HAND,),
    "pyshare login rclone": (
        "e2e/test_rclone.py::test_the_command_that_a_missing_remote_prints_configures_it_in_rclones_own_dialogue",
    ),
    "mkdir {}": ("integration/test_rclone.py::test_a_bucket_that_is_missing_is_made_by_the_command_that_is_printed",),
    "pyshare init": ("e2e/test_two_people.py::test_at_a_terminal_the_owner_answers_six_questions_and_the_friend_two",),
    "pyshare init {} {} {}": (
        f"{_SCRIPTED}test_a_step_that_fails_stops_with_the_command_that_goes_on_from_there",
        f"{_SCRIPTED}test_without_a_terminal_and_without_yes_nothing_runs",
    ),
    "pyshare init {} --history {}": (f"{_SCRIPTED}test_what_is_said_to_keep_the_history_with_the_files_does_that",),
    "git annex get --branch={}": (
        f"{_PUBLISH}test_what_this_clone_lacks_is_told_before_and_the_printed_commands_bring_it",
    ),
    "git annex initremote {}-files {} url={}-files": (
        f"{_PUBLISH}test_a_remote_that_holds_objects_is_refused_and_the_printed_command_makes_another_one",
    ),
    "git config --unset remote.{}.{}": (
        f"{_PUBLISH}test_what_else_git_annex_sends_or_not_is_said_and_the_printed_command_stops_it",
    ),
    "pyshare publish {} {} {} {}": (f"{_PUBLISH}test_nothing_is_deleted_before_a_person_agrees",),
    "pyshare share {} --revoke": (
        f"{_SCRIPTED}test_a_link_that_exists_is_not_withdrawn_but_the_command_for_it_is_named",
    ),
    "pyshare share {} --public --revoke": (
        "e2e/share/test_s3.py::test_anyone_reads_after_share_public_and_nobody_after_it_was_taken_back",
    ),
    "pyshare share {} {} --before-push --yes": (_BY_HAND,),
    "datalad clone {} {}": (
        f"{_OF_DATALAD}test_a_friend_gets_all_subdatasets_out_of_a_folder",
        f"{_SHARE}test_what_share_prints_is_typed_by_owner_and_friend_and_the_friend_has_the_bytes",
    ),
    "datalad get": (f"{_SHARE}test_what_share_prints_is_typed_by_owner_and_friend_and_the_friend_has_the_bytes",),
    "datalad push --to {}": (f"{_SHARE}test_before_the_first_push_share_says_what_to_type_and_that_helps",),
    "datalad push --to {} --data nothing": (
        f"{_SHARE}test_share_publishes_the_link_itself_if_told_so_and_shows_what_it_runs",
        f"{_SHARE}test_a_link_that_is_known_but_not_pushed_is_to_be_pushed",
    ),
    "git -c remote.{}.{}=true annex initremote {}": (
        f"{_OF_WEBDAV}{_TAKE_OVER}",
        f"{_OF_DROPBOX}{_TAKE_OVER}",
        f"unit/backends/s3/test_initremote.py::{_TAKE_OVER}",
        f"{_MARKER}test_a_second_dataset_in_the_same_place_is_refused",
        f"{_MARKER}test_a_remote_whose_place_another_one_has_taken_is_told_the_command_that_takes_it_back",
    ),
    "git annex sync --content": (f"{_TWO_WAYS}test_the_command_that_the_refusal_prints_takes_the_edit_and_sends_ours",),
    "git config remote.{}.pyshare-overwrite true": (f"{_TWO_WAYS}test_who_wants_to_overwrite_types_the_other_command",),
    "git config remote.{}.pyshare-emptied true": (
        "e2e/trees/test_import.py::test_an_empty_folder_removes_nothing_from_git_until_the_user_types_what_is_printed",
    ),
    "git annex drop --from {} --key {}": (f"e2e/dropbox/test_friends.py::{_NO_LINK}",),
    "git annex export HEAD --to {}": (
        "e2e/trees/test_export.py::test_where_a_rename_fails_the_file_is_kept_and_what_is_printed_renames_it",
    ),
    "git annex copy --to {} --key {}": (f"e2e/dropbox/test_friends.py::{_NO_LINK}",),
    "git annex configremote {} autoenable=false": (
        f"{_OF_WEBDAV}test_a_remote_that_only_its_owner_opens_is_not_for_each_clone",
        f"{_OF_DROPBOX}test_a_folder_that_only_its_owner_opens_is_not_for_each_clone",
    ),
    "git annex configremote {} autoenable=true": (
        f"{_SHARE}test_share_publishes_the_link_itself_if_told_so_and_shows_what_it_runs",
    ),
    "git annex copy --to {}": (
        f"{_REMEDIES}test_what_was_stored_wrongly_is_stored_again",
        "e2e/cli/test_cleanup.py::test_a_young_upload_is_shown_and_both_commands_work",
    ),
    "git annex enableremote {}": (
        "e2e/cli/test_info.py::test_a_remote_that_is_not_enabled_is_named_with_what_to_type_which_works",
        f"{_MARKER}test_the_clone_that_made_a_store_is_told_how_to_make_it_anew",
        f"{_OF_DROPBOX}test_without_a_login_the_owner_types_what_the_notes_say_and_stores",
    ),
    "git annex enableremote {} url=ADDRESS": ("e2e/cli/test_info.py::test_a_server_that_is_down_is_shown",),
    "git annex copy --to {} {}": (
        f"{_DOCTOR}test_all_that_is_wrong_in_a_dataset_is_mended_by_what_is_printed_and_nothing_else_is_changed",
    ),
    "git annex enableremote {} chunk=50MiB": (f"{_DOCTOR}{_LIES}",),
    "git annex enableremote {} chunk={}": (
        f"{_REMEDIES}test_a_file_that_is_too_large_for_the_server_is_sent_in_pieces",
    ),
    "git annex enableremote {} layout={}": (
        "e2e/test_initremote.py::test_a_layout_that_was_published_is_corrected_by_the_command_that_the_refusal_names",
    ),
    "git annex enableremote {} region={}": (
        f"{_REMEDIES}test_a_region_that_the_server_tells_only_step_by_step_is_written_down",
    ),
    "git annex find --not --in {} {}": (
        f"{_VERIFY}test_files_that_are_not_in_the_store_are_counted_with_the_command_that_lists_them",
    ),
    "git annex fsck --fast --from {}": (f"{_REMEDIES}test_what_was_stored_wrongly_is_stored_again",),
    "git annex fsck --from {} {}": (
        f"{_VERIFY}test_an_encrypted_store_is_left_to_git_annex_with_a_command_that_checks_it",
    ),
    "git annex get --from {} {}": (
        "e2e/cli/test_restore.py::test_a_store_without_archive_is_left_with_the_command_that_gets_its_files",
    ),
    "git annex get {}": (f"{_VERIFY}test_what_this_clone_lacks_is_not_repaired_and_the_advice_brings_it_back",),
    "git annex initremote {} --sameas={} {} {}": (
        f"{_SHARE}test_what_share_prints_is_typed_by_owner_and_friend_and_the_friend_has_the_bytes",
    ),
    "git annex initremote {} {} {} {}": (
        "e2e/cli/test_after_login.py::test_in_a_dataset_without_a_remote_one_is_made_then_filled_then_got_from",
    ),
    "git annex initremote {}-here --sameas={} {}": (
        f"{_MARKER}test_a_friend_types_what_stands_there_and_has_the_store_elsewhere",
        f"{_OF_WEBDAV}test_a_friend_with_whom_the_folder_is_shared_gets_by_the_command_that_the_refusal_names",
    ),
    "git annex initremote {}-here {} {} url={}": (
        "e2e/cli/test_own_files.py::test_what_is_said_to_type_gets_the_content_from_the_friends_own_files",
    ),
    "git annex push {}": (f"{_SHARE}test_before_the_first_push_share_says_what_to_type_and_that_helps",),
    "git annex verifyremote {}": (
        f"{_REMEDIES}test_a_friend_whose_login_of_the_environment_is_withheld_verifies_the_remote",
        f"{_UNVERIFIED}test_what_is_advised_is_all_that_is_missing",
    ),
    "git config --global user.name YOUR NAME": (_BARE,),
    "git config --global user.email YOU@EXAMPLE.ORG": (_BARE,),
    "git config --unset {}": (f"{_REMEDIES}test_an_option_that_is_none_is_unset",),
    "git config remote.{}.{} {}": (
        f"{_UNVERIFIED}test_an_address_that_leads_elsewhere_now_is_accepted_again",
        "e2e/test_trust_settings.py::test_a_remote_that_shares_a_uuid_gets_the_login_of_git_annex_only_at_the_same_host",
    ),
    "git config remote.{}.{} FILE": (
        f"{_DOCTOR}test_a_certificate_of_an_unknown_authority_is_trusted_by_what_is_printed",
    ),
    "git config remote.{}.{} move": (f"{_DOCTOR}{_LIES}",),
    "git config remote.{}.{} false": (
        f"{_DOCTOR}test_for_many_small_files_hashing_is_put_off_by_what_is_printed_and_still_finds_damage",
    ),
    "git config {}": (f"{_DOCTOR}test_a_proxy_that_only_git_knows_is_told_to_the_environment",),
    "git config {} false": (f"{_HOSTILE}test_git_annex_does_not_follow_a_git_host_that_sends_on_to_another_one",),
    "git config {} FILE": (f"{_REMEDIES}test_an_institutions_own_certificates_are_trusted",),
    "git config {} true": (f"{_REMEDIES}test_a_password_goes_over_plain_http_where_the_user_says_so",),
    "mkdir -p {}": (
        f"{_REMEDIES}test_a_folder_whose_parent_is_missing_is_made",
        f"{_MARKER}test_the_clone_that_made_a_store_is_told_how_to_make_it_anew",
    ),
    "pyshare accept": (
        "e2e/accept/test_accept.py::test_a_clone_that_lacks_its_remotes_is_repaired_and_not_cloned_again",
    ),
    "pyshare accept {}": (_WITH_HISTORY,),
    "pyshare accept --yes --host {}": (_WITH_HISTORY,),
    "pyshare cleanup {} --older-than {}": (
        "e2e/cli/test_cleanup.py::test_a_young_upload_is_shown_and_both_commands_work",
    ),
    "pyshare doctor --bundle {}.new.zip": (
        f"{_DOCTOR}test_requests_are_shown_without_secrets_and_the_bundle_has_none",
    ),
    "pyshare info {}": (f"{_REMEDIES}test_a_server_that_is_down_is_looked_at",),
    "pyshare invite {}": (
        "e2e/share/test_invite.py::test_a_dataset_that_is_published_nowhere_gets_the_commands_that_publish_it",
    ),
    "pyshare login {}": (
        f"{_REMEDIES}test_a_friend_without_a_login_logs_in",
        f"{_REMEDIES}test_a_login_that_the_server_refuses_is_renewed",
        "e2e/cli/test_info.py::test_without_a_login_the_rest_is_shown_with_the_command_that_helps",
        f"{_OF_WEBDAV}test_without_a_login_the_owner_hears_what_to_type",
    ),
    "pyshare login {} {} {}": (
        f"{_DROPBOX}test_what_a_revoked_login_says_to_type_works",
        f"{_DROPBOX}test_after_cancel_the_command_is_printed_as_it_was_typed_and_works",
    ),
    "pyshare login dropbox --sharing {}": (
        f"{_DROPBOX}test_what_a_login_without_the_right_to_share_says_to_type_works",
    ),
    "pyshare login dropbox": (f"{_DROPBOX}test_what_a_login_without_the_right_to_share_says_to_type_works",),
    "pyshare logout {}": (f"{_DROPBOX}test_another_account_than_before_is_not_kept_without_a_yes",),
    "pyshare logout {} {} --kind {}": (
        "unit/cli/commands/test_login.py::test_of_two_logins_under_one_name_each_can_be_meant",
    ),
    "pyshare restore {} --status {}": (
        "e2e/cli/test_restore.py::test_s3_25_many_files_are_asked_for_at_once_and_got_when_they_are_back",
    ),
    "pyshare share {}": (
        f"{_SHARE}test_before_the_first_push_share_says_what_to_type_and_that_helps",
        f"{_OF_WEBDAV}test_a_remote_that_only_its_owner_opens_is_not_for_each_clone",
    ),
    "pyshare share {} --public": (
        "e2e/share/test_s3.py::test_anyone_reads_after_share_public_and_nobody_after_it_was_taken_back",
    ),
    "pyshare verify {} {}": (f"{_VERIFY}test_the_repair_that_is_advised_repairs_and_hides_nothing",),
}

_GENERAL = "names a command in general; its words are in the help, which tests/e2e/test_docs.py holds"
_SAME = "the same command with another number is typed: chunk=50MiB"

UNTYPED: dict[str, str] = {
    "git annex add": "where DataLad is missing; git-annex's own words, which all tests of it type",
    "git annex init": "where DataLad is missing; as above",
    "git annex push": "where DataLad is missing; as above",
    "git config --add remote.{}.{} {}": "run by `pyshare init` and `accept`, whose tests look at what it sets",
    "datalad create-sibling-github {} --publish-depends {}": "needs an account at GitHub",
    "datalad get NAME": "NAME is one that the user finds in the clone",
    "datalad push --to github": "GitHub is not reached from a test; a stand-in is pushed to under another name",
    "git annex enableremote": "named in a sentence about publicurl=, whose value only the service's page shows",
    "git annex enableremote NAME": "for a login that git-annex holds and Dropbox revoked; the token is the user's own",
    "git annex enableremote {} chunk=1GiB": f"{_SAME}; files above 1 GiB take too long",
    "git annex enableremote {} {}": "endpoint=https://… of a server that the tests run by http only",
    "git annex find --include='*": "only lists the annexed files",
    "git annex fsck": "for a machine or a network that damages data",
    "git annex fsck --from {}": "for a server that returns other bytes than it got",
    "git annex unused --from {}": "only lists what could be removed from a full store",
    "git annex get": "the friend's ordinary command, which most tests of friends type",
    "git config --get-regexp 'pyshare-": "only shows the options that name files",
    "git config remote.{}.pyshare-host {}": "for a machine in a path of Windows",
    "git config remote.{}.pyshare-part-size 64MiB": "for servers that refuse the number of parts of a huge file",
    "git config {} {}": "allows redirects to a private address; tests/integration/test_private_networks.py checks it",
    "pyshare doctor {}": "looks again, after the user logged in to the network; all tests of the doctor type it",
    "pyshare help": _GENERAL,
    "pyshare info": _GENERAL,
    "pyshare invite": "for the owner of the dataset, whose remote a stranger does not know",
    "pyshare login": "the origin of a login in a sentence, not a command to type",
    "pyshare login --help": _GENERAL,
    "pyshare publish --help": _GENERAL,
    "pyshare login URL": "no address is known there",
    "pyshare login s3": "no bucket is known there",
    "pyshare login {} --user NAME": "the user's name is not known there",
    "pyshare logout and pyshare login without it": _GENERAL,
    "pyshare share": _GENERAL,
    "pyshare share with --revoke": _GENERAL,
    "pyshare verify NAME FILE": "for a listing without end, where neither is known",
    "pyshare verify {}": "looks at what share found damaged; typed by most tests of tests/e2e/cli/test_verify.py",
    "pyshare whoami": "only lists the logins",
}
