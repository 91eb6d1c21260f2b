//! One socket: reads frames, answers pings at once, and notices when the other side is gone though the line stands.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;

use super::config::Pace;
use super::fault::{DISTRUSTED, Fault, Kind};
use super::stream::{Job, Lanes, Told};
use super::wire::{self, Ack, Kind as FrameKind};
use crate::Trust;
use crate::trust::is_distrust;

/// The longest frame that is read, in bytes.
const LONGEST: usize = 1 << 20;
/// How long writing may take; a line whose other end is gone fills up.
const WRITE: Duration = Duration::from_secs(5);
/// How long acknowledgements are waited for before a socket is closed.
const LAST_ACKS: Duration = Duration::from_secs(2);

/// A socket of the platform.
pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a socket.
pub(super) async fn connect(url: &reqwest::Url, trust: &Trust) -> Result<Socket, Fault> {
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
    // The ticket stands in the address, so errors are named by kind and never printed whole.
    let away = |error: Error| {
        if let Error::Io(error) = &error
            && is_distrust(error)
        {
            return Fault::new(Kind::Certificate, DISTRUSTED).at(url.host_str().unwrap_or_default());
        }
        Fault::new(
            Kind::Away,
            match error {
                Error::Http(response) => format!("the socket is refused with {}", response.status().as_u16()),
                Error::Io(error) => format!("the socket does not open: {}", error.kind()),
                _ => "the socket does not open".to_owned(),
            },
        )
    };
    let connector = match url.scheme() {
        "wss" => {
            let tls = trust.tls().map_err(|error| Fault::new(Kind::Away, error.to_string()))?;
            Some(Connector::Rustls(tls))
        }
        _ => None,
    };
    let opening =
        tokio_tungstenite::connect_async_tls_with_config(url.as_str(), Some(config), true, connector);
    opening.await.map(|(socket, _)| socket).map_err(away)
}

/// One socket that is being read.
pub(super) struct Link {
    /// Its number.
    pub(super) number: u64,
    pub(super) pace: Pace,
    pub(super) lanes: Lanes,
    pub(super) tell: mpsc::Sender<Told>,
    /// Its successor is open.
    pub(super) leave: CancellationToken,
    /// The program ends.
    pub(super) stop: CancellationToken,
}

impl Link {
    /// Reads until the socket ends, is let go, or the program stops.
    pub(super) async fn run(self, mut socket: Socket) {
        let (reply, mut replies) = mpsc::channel::<String>(64);
        let ended = self.serve(&mut socket, &reply, &mut replies).await;
        // What was read is in the lanes and will be acknowledged; the channel ends with the last of them.
        drop(reply);
        let last = async {
            while let Some(text) = replies.recv().await {
                if !write(&mut socket, Message::text(text)).await {
                    return;
                }
            }
            write(&mut socket, Message::Close(None)).await;
        };
        drop(tokio::time::timeout(LAST_ACKS, last).await);
        // Nobody listens any more once the program stops.
        drop(self.tell.send(Told::Ended(self.number, ended)).await);
    }

    async fn serve(
        &self,
        socket: &mut Socket,
        reply: &mpsc::Sender<String>,
        replies: &mut mpsc::Receiver<String>,
    ) -> &'static str {
        let idle = self.pace.idle;
        let mut heard = Instant::now();
        let mut beat = tokio::time::interval(idle / 3);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // The first beat of an interval comes at once.
        beat.tick().await;
        let mut told_idle = false;
        let mut closes_at: Option<Instant> = None;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return "the program ends",
                () = self.leave.cancelled(), if closes_at.is_none() => {
                    closes_at = Some(Instant::now() + self.pace.leaving);
                }
                () = tokio::time::sleep_until(closes_at.unwrap_or(heard)), if closes_at.is_some() => {
                    return "its successor is open";
                }
                Some(text) = replies.recv() => if !write(socket, Message::text(text)).await {
                    return "it cannot be written to";
                },
                _ = beat.tick() => {
                    if heard.elapsed() >= idle && !told_idle {
                        told_idle = true;
                        drop(self.tell.send(Told::Leaving(self.number, "nothing was heard for too long")).await);
                    }
                    if heard.elapsed() >= idle * 2 {
                        return "it is silent";
                    }
                    if !write(socket, Message::Ping(Vec::new().into())).await {
                        return "it cannot be written to";
                    }
                }
                frame = socket.next() => match frame {
                    Some(Ok(message)) => {
                        heard = Instant::now();
                        told_idle = false;
                        if let Message::Text(text) = message
                            && let Some(answer) = self.frame(&text, reply).await
                            && !write(socket, Message::text(answer)).await
                        {
                            return "it cannot be written to";
                        }
                    }
                    Some(Err(Error::ConnectionClosed)) | None => return "the platform closed it",
                    Some(Err(_)) => return "the line broke",
                }
            }
        }
    }

    /// Takes a frame; returns what is answered at once.
    async fn frame(&self, text: &str, reply: &mpsc::Sender<String>) -> Option<String> {
        let Some(frame) = wire::frame(text) else {
            tracing::warn!(reason = "it cannot be read", "a frame is not taken");
            return None;
        };
        match (frame.kind, frame.topic.as_str()) {
            (FrameKind::System, "disconnect") => {
                drop(self.tell.send(Told::Leaving(self.number, "the platform asked for it")).await);
                None
            }
            (FrameKind::System, "ping") => Some(wire::ack(&frame, &Ack::Echo)),
            // CONNECTED, REGISTERED, KEEPALIVE: nothing to do.
            (FrameKind::System, _) => None,
            (FrameKind::Event, _) => Some(wire::ack(&frame, &Ack::Event)),
            (FrameKind::Callback, wire::MESSAGES | wire::CARDS) => {
                let job = Job { frame: frame.clone(), reply: reply.clone() };
                if self.lanes.push(job) {
                    return None;
                }
                tracing::warn!(
                    reason = "too many wait",
                    "a frame is not taken; the platform is told to send it again"
                );
                Some(wire::ack(&frame, &Ack::Failed))
            }
            _ => {
                tracing::warn!(topic = frame.topic, "a frame of an unknown topic is not taken");
                Some(wire::ack(&frame, &Ack::Unknown))
            }
        }
    }
}

/// Writes to the socket. False: it is of no use any more.
async fn write(socket: &mut Socket, message: Message) -> bool {
    matches!(tokio::time::timeout(WRITE, socket.send(message)).await, Ok(Ok(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secured_socket_is_tried_with_a_cipher_library_of_its_own() {
        // Both cipher libraries are linked, and choosing none of them ends the program instead of the connection.
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("wss://{}/connect?ticket=secret", listener.local_addr().unwrap());
        tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        let fault = connect(&reqwest::Url::parse(&url).unwrap(), &Trust::default()).await.unwrap_err();
        assert_eq!(fault.kind, Kind::Away);
        assert!(!fault.code.contains("secret"), "{fault}");
    }
}
