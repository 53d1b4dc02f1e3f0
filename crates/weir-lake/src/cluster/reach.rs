//! Whether a scheduler is there, and has executors: its page `/readyz`, asked in plain HTTP.

use super::Address;
use crate::{LakeError, Result};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How long to wait for a scheduler, and for its first executor: they may have been started at the same moment.
const SCHEDULER_WAIT: Duration = Duration::from_secs(5);
const EXECUTOR_WAIT: Duration = Duration::from_secs(10);
/// How long before either is asked again.
const AGAIN: Duration = Duration::from_millis(250);

/// What a scheduler says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Has {
    Executors,
    NoExecutor,
}

/// Waits until a scheduler answers.
pub(super) async fn scheduler(address: &Address) -> Result<Has> {
    let mut last = "does not answer".to_owned();
    let answer = timeout(SCHEDULER_WAIT, async {
        loop {
            match ask(address).await {
                Ok(has) => return has,
                Err(message) => last = message,
            }
            sleep(AGAIN).await;
        }
    });
    answer.await.map_err(|_| {
        let host = address.host.trim_matches(['[', ']']);
        let help = format!(
            "start it on that machine with `weir cluster scheduler --bind {host} --port {}`, or name another with df://HOST:PORT",
            address.port
        );
        LakeError::cluster(address, last, help)
    })
}

/// Waits until a scheduler answers and has an executor.
pub(crate) async fn reach(address: &Address) -> Result<()> {
    let joined = timeout(EXECUTOR_WAIT, async {
        while scheduler(address).await? == Has::NoExecutor {
            sleep(AGAIN).await;
        }
        Ok(())
    });
    joined.await.unwrap_or_else(|_| {
        let help = format!("start one or more with `weir cluster executor --scheduler {address}`");
        Err(LakeError::cluster(address, "has no executor", help))
    })
}

async fn ask(address: &Address) -> std::result::Result<Has, String> {
    let host = address.host.trim_matches(['[', ']']);
    let answer = async {
        let mut stream = TcpStream::connect((host, address.port)).await?;
        let request = format!("GET /readyz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", address.host);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(64).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = answer.await.map_err(|e| format!("cannot be reached: {e}"))?;
    match status(&answer) {
        Some(200) => Ok(Has::Executors),
        Some(503) => Ok(Has::NoExecutor),
        _ => Err("is no scheduler of weir".to_owned()),
    }
}

/// The status of an HTTP answer.
fn status(answer: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(answer.get(..12)?).ok()?;
    line.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_the_status_of_an_answer_counts() {
        assert_eq!(super::status(b"HTTP/1.1 503 Service Unavailable\r\n"), Some(503));
        assert_eq!(super::status(b"HTTP/1.1 200 OK\r\n"), Some(200));
        for other in [&b""[..], b"HTTP/1.1 2", b"SSH-2.0-OpenSSH_9.6", b"\xff\xfe\0\0\0\0\0\0\0\0\0\0\0"] {
            assert_eq!(super::status(other), None);
        }
    }
}
