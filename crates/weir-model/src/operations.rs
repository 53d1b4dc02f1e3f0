//! Cloud operations that matter to an investigation: what each does in words, and the ATT&CK technique it serves *when an attacker
//! does it*. The table accuses nobody: a trace uses it to name the steps of a hand that a finding has already shown.
//!
//! Names are AWS API operations; Lambda's carry their version suffix in CloudTrail (`CreateFunction20150331`), which
//! [`operation`] ignores.

/// What an operation means in an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The API operation.
    pub name: &'static str,
    /// What it does, as a verb phrase: `created the user`.
    pub verb: &'static str,
    /// The technique it serves.
    pub technique: &'static str,
    /// What it changes, for grouping.
    pub kind: Kind,
}

/// The kinds of step an operation can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Makes an account, credential, role or backdoor.
    Created,
    /// Changes who may do what.
    Granted,
    /// Opens a resource to others.
    Shared,
    /// Reads secrets or data.
    Read,
    /// Turns a record of events off or destroys it.
    SwitchedOff,
    /// Runs code or commands.
    Ran,
    /// Looks around.
    Explored,
    /// Destroys.
    Destroyed,
    /// Takes back what was made, granted or shared.
    Undone,
}

const fn op(name: &'static str, kind: Kind, technique: &'static str, verb: &'static str) -> Operation {
    Operation { name, verb, technique, kind }
}

/// What follows the name of an operation whose request takes away instead of giving: one operation does both.
pub const TAKES: &str = "-remove";

/// Sorted by name.
pub const OPERATIONS: &[Operation] = {
    use Kind::{Created, Destroyed, Explored, Granted, Ran, Read, Shared, SwitchedOff, Undone};
    &[
        op("AddPermission", Shared, "T1098", "let another principal invoke"),
        op("AddRoleToInstanceProfile", Granted, "T1098.003", "gave an instance the role"),
        op("AddUserToGroup", Granted, "T1098.003", "added to a group the user"),
        op("AssociateIamInstanceProfile", Granted, "T1098.003", "gave an instance a role"),
        op("AssumeRole", Granted, "T1550.001", "assumed the role"),
        op("AttachRolePolicy", Granted, "T1098.003", "attached a policy to the role"),
        op("AttachUserPolicy", Granted, "T1098.003", "attached a policy to the user"),
        op("AuthorizeSecurityGroupIngress", Shared, "T1098", "opened inbound network access to"),
        op("ConsoleLogin", Granted, "T1078.004", "signed in to the console"),
        op("CopySnapshot", Read, "T1578", "copied the snapshot"),
        op("CreateAccessKey", Created, "T1098.001", "created an access key for"),
        op("CreateDBSnapshot", Read, "T1578", "took the database snapshot"),
        op("CreateFunction", Created, "T1648", "created the function"),
        op("CreateImage", Created, "T1578", "made an image of"),
        op("CreateKeyPair", Created, "T1098.001", "created the key pair"),
        op("CreateLoginProfile", Created, "T1098.001", "gave a console password to"),
        op("CreatePolicy", Created, "T1098.003", "created the policy"),
        op("CreatePolicyVersion", Granted, "T1098.003", "changed the policy"),
        op("CreateProfile", Created, "T1098.001", "created the Roles Anywhere profile"),
        op("CreateRole", Created, "T1136.003", "created the role"),
        op("CreateSnapshot", Read, "T1578", "took a snapshot of"),
        op("CreateTrustAnchor", Created, "T1098.001", "created the trust anchor"),
        op("CreateUser", Created, "T1136.003", "created the user"),
        op("DeleteAccessKey", Undone, "T1070.009", "deleted an access key of"),
        op("DeleteBucket", Destroyed, "T1485", "deleted the bucket"),
        op("DeleteBucketPolicy", Undone, "T1070", "deleted the policy of the bucket"),
        op("DeleteConfigRule", SwitchedOff, "T1562.008", "deleted the configuration rule"),
        op("DeleteConfigurationRecorder", SwitchedOff, "T1562.008", "deleted the configuration recorder"),
        op("DeleteDBInstance", Destroyed, "T1485", "deleted the database"),
        op("DeleteDBSnapshot", Destroyed, "T1485", "deleted the database snapshot"),
        op("DeleteDetector", SwitchedOff, "T1562.008", "deleted the GuardDuty detector"),
        op("DeleteFlowLogs", SwitchedOff, "T1562.008", "deleted the flow logs"),
        op("DeleteFunction", Destroyed, "T1485", "deleted the function"),
        op("DeleteLogGroup", SwitchedOff, "T1562.008", "deleted the log group"),
        op("DeleteLogStream", SwitchedOff, "T1562.008", "deleted the log stream"),
        op("DeleteLoginProfile", Undone, "T1070.009", "took the console password from"),
        op("DeleteProfile", Undone, "T1070.009", "deleted the Roles Anywhere profile"),
        op("DeleteRole", Undone, "T1070.009", "deleted the role"),
        op("DeleteRolePolicy", Undone, "T1070.009", "deleted a policy of the role"),
        op("DeleteSecret", Destroyed, "T1485", "deleted the secret"),
        op("DeleteSnapshot", Destroyed, "T1485", "deleted the snapshot"),
        op("DeleteTrail", SwitchedOff, "T1562.008", "deleted the trail"),
        op("DeleteTrustAnchor", Undone, "T1070.009", "deleted the trust anchor"),
        op("DeleteUser", Undone, "T1070.009", "deleted the user"),
        op("DeleteUserPolicy", Undone, "T1070.009", "deleted a policy of the user"),
        op("DeregisterImage", Destroyed, "T1485", "deregistered the image"),
        op("DetachRolePolicy", Undone, "T1070.009", "detached a policy from the role"),
        op("DetachUserPolicy", Undone, "T1070.009", "detached a policy from the user"),
        op("GetCallerIdentity", Explored, "T1087.004", "asked who it is"),
        op("GetConsoleOutput", Read, "T1552.005", "read the console output of"),
        op("GetFederationToken", Created, "T1550.001", "issued a federation token for"),
        op("GetObject", Read, "T1530", "read the object"),
        op("GetParameter", Read, "T1555.006", "read the parameter"),
        op("GetParameters", Read, "T1555.006", "read the parameters"),
        op("GetPasswordData", Read, "T1552.005", "read the password data of"),
        op("GetSecretValue", Read, "T1555.006", "read the secret"),
        op("GetSessionToken", Created, "T1550.001", "issued a session token"),
        op("ImportKeyPair", Created, "T1098.001", "imported the key pair"),
        op("Invoke", Ran, "T1648", "invoked the function"),
        op("LeaveOrganization", SwitchedOff, "T1562.008", "tried to leave the organisation"),
        op("ListBuckets", Explored, "T1619", "listed the buckets"),
        op("ListSecrets", Explored, "T1555.006", "listed the secrets"),
        op("ListUsers", Explored, "T1087.004", "listed the users"),
        op(
            "ModifyDBClusterSnapshotAttribute",
            Shared,
            "T1537",
            "changed who may restore the cluster snapshot",
        ),
        op(
            "ModifyDBClusterSnapshotAttribute-remove",
            Undone,
            "T1070",
            "took back who may restore the cluster snapshot",
        ),
        op("ModifyDBSnapshotAttribute", Shared, "T1537", "changed who may restore the database snapshot"),
        op(
            "ModifyDBSnapshotAttribute-remove",
            Undone,
            "T1070",
            "took back who may restore the database snapshot",
        ),
        op("ModifyImageAttribute", Shared, "T1537", "changed who may launch the image"),
        op("ModifyImageAttribute-remove", Undone, "T1070", "took back who may launch the image"),
        op("ModifyInstanceAttribute", Ran, "T1578", "changed the instance"),
        op("ModifySnapshotAttribute", Shared, "T1537", "changed who may use the snapshot"),
        op("ModifySnapshotAttribute-remove", Undone, "T1070", "took back who may use the snapshot"),
        op("PutBucketAcl", Shared, "T1530", "changed the access list of the bucket"),
        op("PutBucketLifecycle", SwitchedOff, "T1562.008", "set objects to expire in the bucket"),
        op("PutBucketPolicy", Shared, "T1530", "changed the policy of the bucket"),
        op("PutEventSelectors", SwitchedOff, "T1562.008", "changed what is recorded by the trail"),
        op("PutRolePolicy", Granted, "T1098.003", "wrote a policy into the role"),
        op("PutUserPolicy", Granted, "T1098.003", "wrote a policy into the user"),
        op("RemovePermission", Undone, "T1070", "took back who may invoke"),
        op("RevokeSecurityGroupIngress", Undone, "T1070", "closed inbound network access to"),
        op("RunInstances", Ran, "T1578.002", "launched instances"),
        op("SendCommand", Ran, "T1651", "ran a command on"),
        op("SendSSHPublicKey", Ran, "T1021.004", "pushed a public key to"),
        op("SendSerialConsoleSSHPublicKey", Ran, "T1021.004", "pushed a serial console key to"),
        op("SharedSnapshotCopyInitiated", Read, "T1537", "copied a shared snapshot"),
        op("SharedSnapshotVolumeCreated", Read, "T1537", "made a volume from a shared snapshot"),
        op("StartSession", Ran, "T1021.007", "opened a session on"),
        op("StopConfigurationRecorder", SwitchedOff, "T1562.008", "stopped the configuration recorder"),
        op("StopLogging", SwitchedOff, "T1562.008", "stopped the trail"),
        op("TerminateInstances", Destroyed, "T1485", "terminated instances"),
        op("UpdateAccessKey", Granted, "T1098.001", "changed the access key"),
        op("UpdateAssumeRolePolicy", Granted, "T1098.003", "changed who may assume the role"),
        op("UpdateFunctionCode", Ran, "T1648", "replaced the code of the function"),
        op("UpdateLoginProfile", Granted, "T1098.001", "changed the console password of"),
        op("UpdateTrail", SwitchedOff, "T1562.008", "changed the trail"),
    ]
};

/// The meaning of an operation, version suffix ignored; `None` for an operation that says nothing by itself.
pub fn operation(name: &str) -> Option<&'static Operation> {
    let bare = match name.find("20") {
        Some(at) if at > 0 && name.get(at..at + 4).is_some_and(|y| y.bytes().all(|b| b.is_ascii_digit())) => {
            name.get(..at).unwrap_or(name)
        }
        _ => name,
    };
    OPERATIONS.binary_search_by(|o| o.name.cmp(bare)).ok().and_then(|i| OPERATIONS.get(i))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_sorted_and_name_known_techniques() {
        assert!(OPERATIONS.windows(2).all(|w| w[0].name < w[1].name));
        for o in OPERATIONS {
            assert!(crate::attack::technique(o.technique).is_some(), "{} names {}", o.name, o.technique);
        }
    }

    #[test]
    fn version_suffixes_are_ignored() {
        assert_eq!(operation("CreateFunction20150331").map(|o| o.name), Some("CreateFunction"));
        assert_eq!(operation("UpdateFunctionCode20150331v2").map(|o| o.name), Some("UpdateFunctionCode"));
        assert_eq!(operation("DescribeInstances"), None);
    }
}
