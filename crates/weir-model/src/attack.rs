//! The MITRE ATT&CK techniques Weir names: id, name, tactic. Data, checked against ATT&CK v18 by the report's tests.

/// One technique as used here; a technique with several tactics stands under the one Weir reports it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Technique {
    /// `T1606.001`.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its tactic's name.
    pub tactic: &'static str,
}

/// Tactics in the order of an attack.
pub const TACTICS: [&str; 14] = [
    "Reconnaissance",
    "Resource Development",
    "Initial Access",
    "Execution",
    "Persistence",
    "Privilege Escalation",
    "Defense Evasion",
    "Credential Access",
    "Discovery",
    "Lateral Movement",
    "Collection",
    "Command and Control",
    "Exfiltration",
    "Impact",
];

const fn t(id: &'static str, name: &'static str, tactic: &'static str) -> Technique {
    Technique { id, name, tactic }
}

/// Every technique named anywhere in Weir, sorted by id.
pub const TECHNIQUES: &[Technique] = &[
    t("T1020", "Automated Exfiltration", "Exfiltration"),
    t("T1021.004", "Remote Services: SSH", "Lateral Movement"),
    t("T1021.007", "Remote Services: Cloud Services", "Lateral Movement"),
    t("T1030", "Data Transfer Size Limits", "Exfiltration"),
    t("T1070", "Indicator Removal", "Defense Evasion"),
    t("T1070.009", "Indicator Removal: Clear Persistence", "Defense Evasion"),
    t("T1078", "Valid Accounts", "Initial Access"),
    t("T1078.004", "Valid Accounts: Cloud Accounts", "Initial Access"),
    t("T1087.004", "Account Discovery: Cloud Account", "Discovery"),
    t("T1090", "Proxy", "Command and Control"),
    t("T1098", "Account Manipulation", "Persistence"),
    t("T1098.001", "Account Manipulation: Additional Cloud Credentials", "Persistence"),
    t("T1098.003", "Account Manipulation: Additional Cloud Roles", "Privilege Escalation"),
    t("T1098.004", "Account Manipulation: SSH Authorized Keys", "Persistence"),
    t("T1110", "Brute Force", "Credential Access"),
    t("T1110.001", "Brute Force: Password Guessing", "Credential Access"),
    t("T1110.003", "Brute Force: Password Spraying", "Credential Access"),
    t("T1119", "Automated Collection", "Collection"),
    t("T1136.001", "Create Account: Local Account", "Persistence"),
    t("T1136.003", "Create Account: Cloud Account", "Persistence"),
    t("T1190", "Exploit Public-Facing Application", "Initial Access"),
    t("T1213", "Data from Information Repositories", "Collection"),
    t("T1484", "Domain or Tenant Policy Modification", "Privilege Escalation"),
    t("T1485", "Data Destruction", "Impact"),
    t("T1526", "Cloud Service Discovery", "Discovery"),
    t("T1528", "Steal Application Access Token", "Credential Access"),
    t("T1530", "Data from Cloud Storage", "Collection"),
    t("T1537", "Transfer Data to Cloud Account", "Exfiltration"),
    t("T1548.003", "Abuse Elevation Control Mechanism: Sudo and Sudo Caching", "Privilege Escalation"),
    t(
        "T1548.005",
        "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access",
        "Privilege Escalation",
    ),
    t("T1550.001", "Use Alternate Authentication Material: Application Access Token", "Lateral Movement"),
    t("T1552.004", "Unsecured Credentials: Private Keys", "Credential Access"),
    t("T1552.005", "Unsecured Credentials: Cloud Instance Metadata API", "Credential Access"),
    t("T1555.006", "Credentials from Password Stores: Cloud Secrets Management Stores", "Credential Access"),
    t("T1562.008", "Impair Defenses: Disable or Modify Cloud Logs", "Defense Evasion"),
    t("T1567", "Exfiltration Over Web Service", "Exfiltration"),
    t("T1578", "Modify Cloud Compute Infrastructure", "Defense Evasion"),
    t("T1578.002", "Modify Cloud Compute Infrastructure: Create Cloud Instance", "Defense Evasion"),
    t("T1580", "Cloud Infrastructure Discovery", "Discovery"),
    t("T1606", "Forge Web Credentials", "Credential Access"),
    t("T1606.001", "Forge Web Credentials: Web Cookies", "Credential Access"),
    t("T1619", "Cloud Storage Object Discovery", "Discovery"),
    t("T1648", "Serverless Execution", "Execution"),
    t("T1651", "Cloud Administration Command", "Execution"),
];

/// The technique of an id, if Weir names it.
pub fn technique(id: &str) -> Option<&'static Technique> {
    TECHNIQUES.binary_search_by(|t| t.id.cmp(id)).ok().and_then(|i| TECHNIQUES.get(i))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_are_sorted_unique_and_under_known_tactics() {
        assert!(TECHNIQUES.windows(2).all(|w| w[0].id < w[1].id));
        assert!(TECHNIQUES.iter().all(|t| TACTICS.contains(&t.tactic)));
        assert_eq!(technique("T1530").map(|t| t.tactic), Some("Collection"));
    }
}
