//! What a component that writes syslog may do all the same.

use campanile_tests::alert;
use campanile_tests::hostile::syslog::world;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, UdpSocket};

/// What the operator opened exactly is the operator's to open.
#[tokio::test]
async fn local_syslog_is_written_to_where_the_operator_opened_exactly_that() {
    let log = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let port = log.local_addr().expect("its address").port();
    let server = format!("syslog+udp://127.0.0.1:{port}");
    let openings = [format!("127.0.0.1:{port}/syslog")];
    let world = world(&[("logs-as-sshd", &server)], &openings).await;
    assert_eq!(world.post(&alert("first", &json!({}))).await.status, 202);
    let mut line = [0; 2048];
    let (length, _) =
        tokio::time::timeout(std::time::Duration::from_secs(60), log.recv_from(&mut line))
            .await
            .expect("a line in time")
            .expect("a line");
    let line = String::from_utf8_lossy(&line[..length]);
    let head = "<86>1 2026-01-02T03:04:05.000Z localhost sshd - - - Accepted publickey";
    assert!(line.starts_with(head), "{line}");
    world.wait_until_empty().await;
    assert_eq!(world.dead_letters().await.len(), 0);
}

/// What is sent counts its octets, so that a reader by frames and one by lines see the same one line.
#[tokio::test]
async fn a_line_over_tcp_is_one_frame_and_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.expect("text");
        heard
    });
    let server = format!("syslog+tcp://127.0.0.1:{port}");
    let openings = [format!("127.0.0.1:{port}/syslog")];
    let world = world(&[("logs-as-sshd", &server)], &openings).await;
    assert_eq!(world.post(&alert("first", &json!({}))).await.status, 202);
    let heard = heard.await.expect("what was said");
    let (octets, line) = heard.split_once(' ').expect("a frame");
    assert_eq!(octets.parse(), Ok(line.len()));
    assert!(!line.contains(char::is_control), "{line:?}");
    world.wait_until_empty().await;
}
