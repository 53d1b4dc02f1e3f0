//! What was touched: `resources[]`, else the request parameters that name things.

use super::event::Event;
use crate::json::{Object, Raw, items, text};
use std::borrow::Cow;

/// Resources of one call that are named one by one; more are cut, the request has them all.
const IDS_MAX: usize = 20;

/// A resource and its CloudFormation type.
pub(super) struct Resource<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) kind: Option<Cow<'a, str>>,
}

/// Parameters that name what a call touches, the most telling first, with the type of what they name.
const PARAMETERS: &[(&str, &str)] = &[
    ("functionName", "AWS::Lambda::Function"),
    ("secretId", "AWS::SecretsManager::Secret"),
    ("secretIdList", "AWS::SecretsManager::Secret"),
    ("snapshotId", "AWS::EC2::Snapshot"),
    ("sourceSnapshotId", "AWS::EC2::Snapshot"),
    ("dBSnapshotIdentifier", "AWS::RDS::DBSnapshot"),
    ("sourceDBSnapshotIdentifier", "AWS::RDS::DBSnapshot"),
    ("dBClusterSnapshotIdentifier", "AWS::RDS::DBClusterSnapshot"),
    ("dBInstanceIdentifier", "AWS::RDS::DBInstance"),
    ("dBClusterIdentifier", "AWS::RDS::DBCluster"),
    ("tableName", "AWS::DynamoDB::Table"),
    ("imageId", "AWS::EC2::Image"),
    ("instanceId", "AWS::EC2::Instance"),
    ("instanceIds", "AWS::EC2::Instance"),
    ("instancesSet", "AWS::EC2::Instance"),
    ("volumeId", "AWS::EC2::Volume"),
    ("userName", "AWS::IAM::User"),
    ("roleName", "AWS::IAM::Role"),
    ("roleArn", "AWS::IAM::Role"),
    ("groupName", ""),
    ("policyArn", "AWS::IAM::ManagedPolicy"),
    ("instanceProfileName", "AWS::IAM::InstanceProfile"),
    ("trailName", "AWS::CloudTrail::Trail"),
    ("keyId", "AWS::KMS::Key"),
    ("groupId", "AWS::EC2::SecurityGroup"),
    ("networkInterfaceId", "AWS::EC2::NetworkInterface"),
    ("subnetId", "AWS::EC2::Subnet"),
    ("routeTableId", "AWS::EC2::RouteTable"),
    ("internetGatewayId", "AWS::EC2::InternetGateway"),
    ("vpcId", "AWS::EC2::VPC"),
    ("logGroupName", "AWS::Logs::LogGroup"),
    ("streamName", "AWS::Kinesis::Stream"),
    ("queueUrl", "AWS::SQS::Queue"),
    ("topicArn", "AWS::SNS::Topic"),
    ("clusterName", ""),
    ("repositoryName", ""),
    ("stackName", "AWS::CloudFormation::Stack"),
    ("workGroup", "AWS::Athena::WorkGroup"),
    ("sourceArn", ""),
    ("resourceArn", ""),
    ("resourceId", ""),
    ("target", ""),
    ("bucketName", "AWS::S3::Bucket"),
    ("keyName", "AWS::EC2::KeyPair"),
    ("detectorId", "AWS::GuardDuty::Detector"),
    ("arn", ""),
    ("ARN", ""),
    ("name", ""),
];

/// What the event touched, where it says so.
pub(super) fn of<'a>(event: &Event<'a>) -> Option<Resource<'a>> {
    in_s3(event)
        .or_else(|| listed(event))
        .or_else(|| named(event, &event.request))
        .or_else(|| named(event, &event.response))
        .or_else(|| named(event, &event.details))
        .or_else(|| named(event, &event.extra))
}

/// S3 writes the same object as an ARN, or as bucket and key only: always the ARN, so that one object has one name.
fn in_s3<'a>(event: &Event<'a>) -> Option<Resource<'a>> {
    if event.service != "s3" {
        return None;
    }
    let bucket = event.request.text("bucketName")?;
    let region = event.top.text("awsRegion").unwrap_or_default();
    let partition = match region.as_ref() {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let (id, kind) = match event.request.text("key") {
        Some(key) => (format!("arn:{partition}:s3:::{bucket}/{key}"), "AWS::S3::Object"),
        None => (format!("arn:{partition}:s3:::{bucket}"), "AWS::S3::Bucket"),
    };
    Some(Resource { id: id.into(), kind: Some(kind.into()) })
}

fn listed<'a>(event: &Event<'a>) -> Option<Resource<'a>> {
    event.top.list("resources").into_iter().find_map(|raw| {
        let resource = Object::parse(raw.get())?;
        let id = resource.text("ARN").or_else(|| resource.text("arn"))?;
        Some(Resource { id, kind: resource.text("type") })
    })
}

fn named<'a>(event: &Event<'a>, parameters: &Object<'a>) -> Option<Resource<'a>> {
    if parameters.is_empty() {
        return None;
    }
    PARAMETERS.iter().find_map(|(name, kind)| {
        let id = ids(parameters.get(name)?)?;
        let kind = match (*name, event.service.as_ref()) {
            ("name", "cloudtrail") => "AWS::CloudTrail::Trail",
            ("name", "ssm") => "AWS::SSM::Parameter",
            ("name", "secretsmanager") => "AWS::SecretsManager::Secret",
            ("groupName", "iam") => "AWS::IAM::Group",
            ("groupName", "ec2") => "AWS::EC2::SecurityGroup",
            _ => kind,
        };
        Some(Resource { id, kind: (!kind.is_empty()).then_some(Cow::Borrowed(kind)) })
    })
}

/// One id, a list of ids, or EC2's `{"items":[{"instanceId":"i-1"}]}`: joined by commas.
fn ids(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    if let Some(one) = text(raw) {
        return Some(one);
    }
    let listed =
        if raw.get().starts_with('[') { items(raw.get())? } else { Object::parse(raw.get())?.list("items") };
    let each = listed
        .into_iter()
        .filter_map(|item| text(item).or_else(|| Object::parse(item.get())?.text("instanceId")));
    let mut all: Vec<Cow<'_, str>> = each.take(IDS_MAX).collect();
    match all.len() {
        0 => None,
        1 => all.pop(),
        _ => Some(Cow::Owned(all.join(","))),
    }
}
