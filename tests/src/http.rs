//! Plain HTTP on loopback, for probes and for the checker's controls.

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a server answered.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The body, as text.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("HTTP {}: {}", self.status, self.body))
    }
}

/// `GET base/path`.
///
/// # Errors
/// When nobody answers.
pub async fn get(base: &str, path: &str) -> Result<Reply> {
    send("GET", base, path, &[], "").await
}

/// `POST base/path` with a JSON body.
///
/// # Errors
/// When nobody answers.
pub async fn post(base: &str, path: &str, body: &Value) -> Result<Reply> {
    send("POST", base, path, &[("content-type", "application/json")], &body.to_string()).await
}

/// Sends one request to `base` (`http://HOST:PORT`) on a connection of its own and reads the whole answer.
///
/// # Errors
/// When nobody answers, or not in HTTP.
pub async fn send(method: &str, base: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Reply> {
    let host = base.strip_prefix("http://").with_context(|| format!("not plain HTTP: {base}"))?;
    let mut stream = TcpStream::connect(host).await.with_context(|| format!("connect to {host}"))?;
    let mut request = format!("{method} {path} HTTP/1.0\r\nhost: {host}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("{host} answered no HTTP: {answer:?}"))?;
    let status =
        head.split(' ').nth(1).and_then(|code| code.parse().ok()).with_context(|| format!("no status: {head}"))?;
    Ok(Reply { status, body: body.to_owned() })
}
