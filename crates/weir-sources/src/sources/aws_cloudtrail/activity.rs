//! What an operation does, by the verb its name begins with.

/// Verbs of operations that change nothing, for events without `readOnly`.
const READS: [&str; 13] = [
    "Get", "List", "Describe", "Head", "BatchGet", "Lookup", "Search", "Query", "Scan", "Select", "Check",
    "Download", "Decrypt",
];
const CREATES: [&str; 12] = [
    "Create",
    "Put",
    "Run",
    "Copy",
    "Upload",
    "Import",
    "Register",
    "Allocate",
    "Request",
    "Restore",
    "Publish",
    "BatchWrite",
];
const UPDATES: [&str; 17] = [
    "Update",
    "Modify",
    "Attach",
    "Set",
    "Add",
    "Associate",
    "Authorize",
    "Enable",
    "Change",
    "Tag",
    "Replace",
    "Reset",
    "Untag",
    "Apply",
    "Move",
    "Transfer",
    "Detach",
];
const DELETES: [&str; 12] = [
    "Delete",
    "Remove",
    "Terminate",
    "Stop",
    "Revoke",
    "Disable",
    "Deregister",
    "Release",
    "Disassociate",
    "Cancel",
    "Purge",
    "BatchDelete",
];
const EXECUTES: [&str; 5] = ["Invoke", "Send", "Execute", "Start", "Reboot"];

/// Whether a name begins with one of these verbs as a word: `Set` begins `SetRole` and not `Settle`.
fn begins(operation: &str, verbs: &[&str]) -> bool {
    verbs.iter().any(|v| {
        operation.strip_prefix(v).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
    })
}

/// Whether a call changes nothing: as the log says, else by its verb.
pub(super) fn reads(operation: &str, read_only: Option<bool>) -> bool {
    read_only.unwrap_or_else(|| begins(operation, &READS))
}

/// Activity of an access: `read`, `create`, `update`, `delete`, `execute` or `other`.
pub(super) fn of_access(operation: &str, read_only: Option<bool>) -> &'static str {
    if reads(operation, read_only) {
        return "read";
    }
    let kinds =
        [(&CREATES[..], "create"), (&UPDATES, "update"), (&DELETES, "delete"), (&EXECUTES, "execute")];
    kinds.iter().find(|(verbs, _)| begins(operation, verbs)).map_or("other", |(_, activity)| activity)
}

/// Activity of a change to an account or credential: `create`, `attach`, `detach`, `delete` or `update`.
pub(super) fn of_change(operation: &str) -> &'static str {
    let attaches = begins(operation, &["Attach", "Add"])
        || (begins(operation, &["Put"]) && operation.ends_with("Policy"));
    if attaches {
        return "attach";
    }
    if begins(operation, &["Create", "Upload", "Import", "Register"]) {
        return "create";
    }
    if begins(operation, &["Detach", "Remove"]) {
        return "detach";
    }
    if begins(operation, &["Delete", "Deactivate", "Deregister"]) {
        return "delete";
    }
    "update"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activity_follows_the_log_and_then_the_verb() {
        let cases = [
            ("GetObject", None, "read"),
            ("GetPasswordData", Some(true), "read"),
            ("AssumeSomething", Some(true), "read"),
            ("CreateFunction20150331", Some(false), "create"),
            ("RunInstances", Some(false), "create"),
            ("ModifyImageAttribute", Some(false), "update"),
            ("StopLogging", Some(false), "delete"),
            ("SendCommand", Some(false), "execute"),
            ("Invoke", None, "execute"),
            ("GenerateDataKey", Some(false), "other"),
            ("Settle", None, "other"),
        ];
        for (operation, read_only, want) in cases {
            assert_eq!(of_access(operation, read_only), want, "{operation}");
        }
        for (operation, want) in [
            ("PutRolePolicy", "attach"),
            ("AddUserToGroup", "attach"),
            ("DeleteUserPolicy", "delete"),
            ("DeactivateMFADevice", "delete"),
            ("CreateAccessKey", "create"),
            ("UpdateAssumeRolePolicy", "update"),
        ] {
            assert_eq!(of_change(operation), want, "{operation}");
        }
    }
}
