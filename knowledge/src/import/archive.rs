//! Zipped folders, looked into without writing anything to disk.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

use super::encoding;

/// The most that an archive may unpack to, all files together.
const MOST_BYTES: u64 = 512 << 20;

/// The most files it may hold. An export of Markdown has one an entry.
const MOST_FILES: usize = 200_000;

/// An archive and what may still be unpacked of it.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
}

/// A file in an archive.
pub(super) struct Member {
    /// Its number in the archive.
    at: usize,
    /// Its path there.
    pub(super) path: String,
    /// How much of the archive it takes, in bytes.
    pub(super) packed: usize,
}

impl<'a> Archive<'a> {
    /// Opens an archive. The error says what is wrong, for whoever packed it.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| not_readable(&error))?;
        if zip.len() > MOST_FILES {
            return Err(format!("holds {} files; at most {MOST_FILES} are read", zip.len()));
        }
        Ok(Self { zip, left: MOST_BYTES })
    }

    /// The same with another limit.
    #[cfg(test)]
    fn at_most(bytes: &'a [u8], left: u64) -> Self {
        Self { left, ..Self::open(bytes).unwrap() }
    }

    /// Its files in the order of their paths, without folders and what systems leave behind.
    pub(super) fn members(&mut self) -> Result<Vec<Member>, String> {
        let mut members = Vec::new();
        for at in 0..self.zip.len() {
            let file = self.zip.by_index_raw(at).map_err(|error| not_readable(&error))?;
            let path = encoding::file_name(file.name_raw()).replace('\\', "/");
            if file.is_dir() || path.ends_with('/') || is_leftover(&path) {
                continue;
            }
            let packed = usize::try_from(file.compressed_size()).unwrap_or(usize::MAX);
            members.push(Member { at, path, packed });
        }
        members.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(members)
    }

    /// Unpacks one of them.
    pub(super) fn unpack(&mut self, member: &Member) -> Result<Vec<u8>, String> {
        let file = self.zip.by_index(member.at).map_err(|error| not_readable(&error))?;
        // What the archive says of sizes may be wrong, so what comes out is counted.
        let mut bytes = Vec::new();
        file.take(self.left + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot be unpacked: {error}"))?;
        match self.left.checked_sub(bytes.len() as u64) {
            Some(left) => self.left = left,
            None => return Err(too_large()),
        }
        Ok(bytes)
    }
}

/// Whether a file is none of the office's: hidden ones, those of macOS, and the marks of opened Office files.
pub(super) fn is_leftover(path: &str) -> bool {
    path.split('/').any(|part| {
        part.starts_with('.') || part.starts_with("~$") || part == "__MACOSX" || part == "Thumbs.db"
    })
}

/// Looks whether an archive unpacks to no more than is read, for readers that unpack by themselves.
pub(super) fn weigh(bytes: &[u8]) -> Result<(), String> {
    weigh_against(bytes, MOST_BYTES)
}

fn weigh_against(bytes: &[u8], limit: u64) -> Result<(), String> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| not_readable(&error))?;
    let mut left = limit;
    for at in 0..zip.len() {
        let file = zip.by_index(at).map_err(|error| not_readable(&error))?;
        let counted = std::io::copy(&mut file.take(left + 1), &mut std::io::sink())
            .map_err(|error| format!("cannot be unpacked: {error}"))?;
        left = left.checked_sub(counted).ok_or_else(too_large)?;
    }
    Ok(())
}

fn too_large() -> String {
    format!("unpacks to more than {} MB, which is more than is read", MOST_BYTES >> 20)
}

fn not_readable(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(why) => format!("is not a file that can be unpacked: {why}"),
        other => format!("is damaged, or not what its name says: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// What unpacks to much more than it takes itself.
    fn bomb() -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a.md", "b.md", "c.md"] {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn no_more_is_unpacked_than_is_read_whatever_the_archive_says() {
        let bomb = bomb();
        assert!(bomb.len() < 100_000, "it is small: {}", bomb.len());
        let mut archive = Archive::at_most(&bomb, 2 << 20);
        let members = archive.members().unwrap();
        assert_eq!(members.len(), 3);
        assert!(archive.unpack(&members[0]).is_ok() && archive.unpack(&members[1]).is_ok());
        assert!(archive.unpack(&members[2]).unwrap_err().contains("more than is read"));
        assert!(weigh_against(&bomb, 2 << 20).is_err());
        assert!(weigh_against(&bomb, 3 << 20).is_ok());
    }

    #[test]
    fn what_systems_leave_behind_is_no_file_of_the_offices() {
        for (path, leftover) in [
            ("__MACOSX/a.csv", true),
            ("a/.DS_Store", true),
            ("a/~$b.xlsx", true),
            ("a/b.xlsx", false),
            ("../a.csv", true),
        ] {
            assert_eq!(is_leftover(path), leftover, "{path}");
        }
    }
}
