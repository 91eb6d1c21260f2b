//! The citizen's socket: hello first, then everything between page and room.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::sync::mpsc;

use super::room::{Attach, Input, Room};
use super::wire::{self, Envelope, FromCitizen, ToCitizen};
use super::{Assist, Frame, Opened, ShareError};

/// How long a socket may be silent before its hello, and how long a frame to it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The recorder that the page must have, up to the number of mended faults.
pub const RECORDER: &str = "2.1.";

/// Frames that wait on their way to the room, and to the page.
const WAITING: usize = 64;
const SENDING: usize = 512;

impl Assist {
    /// Serves a citizen's socket to its end. `host` is what the page's own addresses begin with.
    pub async fn serve_citizen<R, W>(self: Arc<Self>, host: String, mut reader: R, mut writer: W)
    where
        R: Stream<Item = Frame> + Unpin,
        W: Sink<Frame> + Unpin,
    {
        let hello = async {
            loop {
                match reader.next().await {
                    // The answer to the socket's first ping may overtake the hello.
                    Some(Frame::Answered(_)) => {}
                    first => return first,
                }
            }
        };
        let Ok(Some(Frame::Text(text))) = tokio::time::timeout(PATIENCE, hello).await else { return };
        let refuse = |reason: &str, sid: String| {
            let end = ToCitizen::End { reason: reason.to_owned() };
            let now = self.shares.ledger().now().as_millisecond();
            Frame::Text(wire::print(&Envelope { sid, epoch: 0, seq: 0, ack: 0 }, now, &end))
        };
        let Ok((envelope, FromCitizen::Hello { token, rec_ver, title, viewport, last_seq, .. })) =
            wire::parse(&text)
        else {
            drop(writer.send(refuse("malformed", String::new())).await);
            return;
        };
        if !rec_ver.starts_with(RECORDER) {
            drop(writer.send(refuse("version", envelope.sid)).await);
            return;
        }
        let record = match self.shares.arrive(&envelope.sid, &token, envelope.epoch).await {
            Ok(record) => record,
            Err(error) => {
                let reason = match error {
                    ShareError::Store(error) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "a share could not be read"
                        );
                        "unavailable"
                    }
                    _ => "gone",
                };
                drop(writer.send(refuse(reason, envelope.sid)).await);
                return;
            }
        };
        let resumes = (record.epoch == envelope.epoch).then(|| last_seq.unwrap_or(0));
        let (sender, mut frames) = mpsc::channel(SENDING);
        let connection = rand::random();
        let title = title.chars().take(200).collect();
        let attach = Attach { record: record.clone(), connection, sender, resumes, title, viewport };
        let Opened { inputs: room, meter, .. } = self.room(host, &attach);
        // A room that has just closed takes nothing; the page comes again.
        if room.send(Input::Attach(Box::new(attach))).await.is_err() {
            return;
        }
        let metrics = &self.metrics;
        let mut reader = pin!(reader.then(async |frame| {
            if meter.pass(&frame).await {
                metrics.assist_frame("held", 0);
            }
            frame
        }));
        loop {
            tokio::select! {
                frame = reader.next() => match frame {
                    Some(frame) => if room.send(Input::Frame(connection, frame)).await.is_err() { break },
                    None => break,
                },
                frame = frames.recv() => match frame {
                    Some(frame) => match tokio::time::timeout(PATIENCE, writer.send(frame)).await {
                        Ok(Ok(())) => {}
                        _ => break,
                    },
                    // Another socket of the page took over, or the share is over.
                    None => break,
                },
            }
        }
        // What the room said last is still to be sent.
        while let Ok(frame) = frames.try_recv() {
            if tokio::time::timeout(PATIENCE, writer.send(frame)).await.is_err() {
                break;
            }
        }
        drop(room.send(Input::Detach(connection)).await);
        drop(writer.close().await);
    }

    /// The room of a share on this node, which is opened if there is none.
    fn room(self: &Arc<Self>, host: String, attach: &Attach) -> Opened {
        let mut rooms = self.rooms();
        if let Some(opened) = rooms.get(&attach.record.id)
            && !opened.inputs.is_closed()
        {
            return opened.clone();
        }
        let (sender, inputs) = mpsc::channel(WAITING);
        let room = Room::new(Arc::clone(self), host, attach.record.clone());
        let opened = Opened { id: room.id(), inputs: sender, meter: room.meter() };
        rooms.insert(attach.record.id.clone(), opened.clone());
        drop(self.tasks.spawn(room.run(inputs)));
        opened
    }
}
