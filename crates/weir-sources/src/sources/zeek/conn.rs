//! A conn record's row.

use super::value::{address, count, interval, port, time};
use super::{Context, Field, Fields};
use std::borrow::Cow;
use weir_model::record::{STATUS_FAILURE, STATUS_SUCCESS};
use weir_model::{Common, Flow, Records};

/// OCSF Network Activity.
const NETWORK_ACTIVITY: i32 = 4001;

/// Pushes the row.
pub(super) fn push(
    context: &Context<'_>,
    fields: &impl Fields,
    out: &mut Records,
) -> Result<(), &'static str> {
    let at = time(context, fields)?;
    let (src_ip, dst_ip) = (address(fields, Field::OrigH)?, address(fields, Field::RespH)?);
    let (src_port, dst_port) = (port(fields, Field::OrigP)?, port(fields, Field::RespP)?);
    let protocol = fields.get(Field::Proto).map(lower);
    // ICMP has no ports; Zeek writes type and code there.
    let has_ports = protocol.as_deref().is_none_or(|p| !p.starts_with("icmp"));
    let (uid, state, service) =
        (fields.get(Field::Uid), fields.get(Field::ConnState), fields.get(Field::Service));
    let (activity, status_id) = state.as_deref().map_or((None, None), |s| outcome(s));
    let common = Common {
        class_uid: Some(NETWORK_ACTIVITY),
        activity: activity.or(Some("traffic")),
        status_id,
        status_code: state.as_deref(),
        src_ip: Some(&src_ip),
        event_uid: uid.as_deref(),
        line: Some(context.at.line),
        offset: Some(context.at.offset),
        ..Common::default()
    };
    let row = Flow {
        src_port: src_port.filter(|_| has_ports),
        dst_ip: Some(&dst_ip),
        dst_port: dst_port.filter(|_| has_ports),
        protocol: protocol.as_deref(),
        service: service.as_deref(),
        bytes_out: count(fields, Field::OrigBytes)?,
        bytes_in: count(fields, Field::RespBytes)?,
        packets_out: count(fields, Field::OrigPkts)?,
        packets_in: count(fields, Field::RespPkts)?,
        duration_us: interval(fields, Field::Duration)?,
    };
    out.flow(at, &common, &row);
    Ok(())
}

fn lower(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_lower = !text.bytes().any(|b| b.is_ascii_uppercase());
    if is_lower { text } else { text.to_ascii_lowercase().into() }
}

/// OCSF activity and outcome of a connection state; unknown where Zeek did not see the handshake.
fn outcome(state: &str) -> (Option<&'static str>, Option<i32>) {
    match state {
        "SF" => (Some("close"), Some(STATUS_SUCCESS)),
        "S1" => (Some("open"), Some(STATUS_SUCCESS)),
        "S2" | "S3" => (Some("close"), Some(STATUS_SUCCESS)),
        "RSTO" | "RSTR" => (Some("reset"), Some(STATUS_SUCCESS)),
        "S0" => (Some("fail"), Some(STATUS_FAILURE)),
        "REJ" => (Some("refuse"), Some(STATUS_FAILURE)),
        "RSTOS0" => (Some("reset"), Some(STATUS_FAILURE)),
        "RSTRH" => (Some("reset"), None),
        _ => (None, None),
    }
}
