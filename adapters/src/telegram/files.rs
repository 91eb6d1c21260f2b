//! Files: those that helpers send, and those that citizens did.

use bytes::BytesMut;
use futures::StreamExt;
use teloxide_core::RequestError;
use teloxide_core::net::Download;
use teloxide_core::payloads::{SendDocumentSetters, SendPhotoSetters};
use teloxide_core::prelude::Requester;
use teloxide_core::types::{FileId, InputFile};

use super::account::Account;
use super::client::{Target, answering};
use super::failure::channel_error;
use super::peers::unavailable;
use super::render::Part;
use super::wire;
use crate::{Attachment, ChannelError, File, Media, MediaKind};

/// The largest file that a bot may get (Bot API, getFile: 20 MB).
const FETCHED_BYTES: usize = 20 << 20;

/// The largest picture that may be sent as one (Bot API, sendPhoto: 10 MB); larger ones go as files.
const PHOTO_BYTES: usize = 10 << 20;

impl Account {
    /// Sends a file, as a picture where it is one. The outer error: the file could not be read.
    pub(super) async fn send_file(
        &self,
        target: &Target,
        attachment: &Attachment,
    ) -> Result<Result<Option<i32>, RequestError>, ChannelError> {
        let words = &self.settings.words;
        let Some(file) =
            self.settings.kit.files.file(&attachment.id).await.map_err(|error| unavailable(&error))?
        else {
            let known = self.peers.known(&target.address).await.map_err(|error| unavailable(&error))?;
            let text = words.file_gone.fill(known.locale, &[("name", &attachment.name)]);
            return Ok(self.send(target, &Part::bare(&text), None).await);
        };
        let is_photo = attachment.kind == MediaKind::Image
            && file.data.len() <= PHOTO_BYTES
            && matches!(file.mime.as_str(), "image/jpeg" | "image/png" | "image/webp");
        let input = InputFile::memory(file.data.clone()).file_name(file.name.clone());
        let as_document = || {
            let input = InputFile::memory(file.data.clone()).file_name(file.name.clone());
            let mut request = self.bot.send_document(target.chat, input);
            if let Some(thread) = target.thread {
                request = request.message_thread_id(thread);
            }
            match target.answers {
                Some(message) => request.reply_parameters(answering(message)),
                None => request,
            }
        };
        if !is_photo {
            return Ok(as_document().await.map(|message| Some(message.id.0)));
        }
        let mut request = self.bot.send_photo(target.chat, input);
        if let Some(thread) = target.thread {
            request = request.message_thread_id(thread);
        }
        if let Some(message) = target.answers {
            request = request.reply_parameters(answering(message));
        }
        Ok(match request.await {
            // Pictures of odd proportions are refused as pictures and taken as files.
            Err(RequestError::Api(_)) => as_document().await.map(|message| Some(message.id.0)),
            sent => sent.map(|message| Some(message.id.0)),
        })
    }

    /// Gets a file that a citizen sent.
    pub(super) async fn fetch(&self, media: &Media) -> Result<File, ChannelError> {
        let known = self.bot.get_file(FileId(media.reference.clone())).await;
        let known = known.map_err(|error| channel_error(&error, self.alarms()))?;
        let mut content = self.bot.inner().download_file_stream(&known.path);
        let mut data = BytesMut::new();
        while let Some(piece) = content.next().await {
            let piece = piece.map_err(|error| match error.status().map(|status| status.as_u16()) {
                Some(404 | 410) => ChannelError::Gone("the file is not kept any more".to_owned()),
                _ => ChannelError::Unavailable {
                    reason: "the file could not be read to its end".to_owned(),
                    retry_after: None,
                },
            })?;
            data.extend_from_slice(&piece);
            if data.len() > FETCHED_BYTES {
                return Err(ChannelError::Gone("the file is larger than a bot may get".to_owned()));
            }
        }
        let last = known.path.rsplit('/').next().unwrap_or_default().to_owned();
        let name = media.name.clone().unwrap_or(last);
        Ok(File { mime: wire::mime_of(&name, media.kind).to_owned(), name, data: data.freeze() })
    }
}
