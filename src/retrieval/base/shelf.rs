//! Where indexes lie. Each has a directory of its own, named by a number; the file `current` names the one that is
//! searched. It is replaced as a whole, so that after a crash it names the old index or the new one, both complete.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use knowledge::{Analyzer, Index, IndexError};

use super::KnowledgeError;

/// The file that names the current index.
const CURRENT: &str = "current";

/// Where indexes lie; without a directory they live in memory.
pub(super) struct Shelf {
    directory: Option<PathBuf>,
}

/// What was found at the start.
pub(super) enum Found {
    /// A whole index of this version.
    Whole(Shelved),
    /// None that could be used, and why.
    Nothing(String),
}

/// An index, and the number of its directory.
#[derive(Clone)]
pub(super) struct Shelved {
    pub(super) index: Arc<Index>,
    number: u64,
}

fn files(doing: &'static str) -> impl Fn(io::Error) -> KnowledgeError {
    move |source| KnowledgeError::Files { doing, source }
}

impl Shelf {
    pub(super) fn new(directory: Option<&Path>) -> Self {
        Self { directory: directory.map(Path::to_owned) }
    }

    /// Opens the current index. Whatever is wrong with its files is a reason to build another one, never to stop.
    ///
    /// # Errors
    /// When another process has it, or the directory cannot be used at all.
    pub(super) fn open(&self) -> Result<Found, KnowledgeError> {
        let Some(directory) = &self.directory else {
            return Ok(Found::Nothing("there is none yet".to_owned()));
        };
        fs::create_dir_all(directory).map_err(files("make the directory of the index"))?;
        let current = self.current()?;
        let found = match current.map(|number| (number, directory.join(number.to_string()))) {
            None => Found::Nothing("there is none yet".to_owned()),
            Some((_, path)) if !path.is_dir() => Found::Nothing(format!("`{}` is gone", path.display())),
            Some((number, path)) => match Index::open(&path, Analyzer::shared()) {
                Ok(index) => Found::Whole(Shelved { index: Arc::new(index), number }),
                Err(IndexError::InUse) => return Err(IndexError::InUse.into()),
                Err(IndexError::Rebuild(why)) => Found::Nothing(why),
                Err(error) => Found::Nothing(chain(&error)),
            },
        };
        self.sweep(current)?;
        Ok(found)
    }

    /// The number in the file `current`. One that cannot be read names nothing.
    fn current(&self) -> Result<Option<u64>, KnowledgeError> {
        let Some(directory) = &self.directory else { return Ok(None) };
        match fs::read(directory.join(CURRENT)) {
            Ok(bytes) => Ok(std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(files("read which index is current")(error)),
        }
    }

    /// The numbers of all directories of indexes.
    fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for file in fs::read_dir(directory)? {
            let file = file?;
            if let Some(number) = file.file_name().to_str().and_then(|name| name.parse().ok())
                && file.file_type()?.is_dir()
            {
                numbers.push(number);
            }
        }
        Ok(numbers)
    }

    /// Removes what a rebuild that was cut short left behind, and an index that lies in the directory itself, as the
    /// first version of this program kept it.
    fn sweep(&self, current: Option<u64>) -> Result<(), KnowledgeError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let failed = files("remove what is left of an older index");
        Index::discard(directory).map_err(&failed)?;
        for number in Self::numbers(directory).map_err(&failed)? {
            if Some(number) != current {
                self.remove(number);
            }
        }
        Ok(())
    }

    /// Makes an empty index beside those that are there.
    pub(super) fn fresh(&self) -> Result<Shelved, KnowledgeError> {
        let Some(directory) = &self.directory else {
            return Ok(Shelved { index: Arc::new(Index::in_memory(Analyzer::shared())?), number: 0 });
        };
        fs::create_dir_all(directory).map_err(files("make the directory of the index"))?;
        let numbers = Self::numbers(directory).map_err(files("list the indexes"))?;
        // A number in `current` that has no directory any more must not come to mean something else half-way.
        let number = numbers.into_iter().chain(self.current()?).max().map_or(1, |number| number + 1);
        let index = Index::open(&directory.join(number.to_string()), Analyzer::shared())?;
        Ok(Shelved { index: Arc::new(index), number })
    }

    /// Makes that index the current one, durably.
    pub(super) fn point(&self, shelved: &Shelved) -> Result<(), KnowledgeError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let point = || {
            let temporary = directory.join("current.new");
            let mut file = File::create(&temporary)?;
            file.write_all(format!("{}\n", shelved.number).as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, directory.join(CURRENT))?;
            File::open(directory)?.sync_all()
        };
        point().map_err(files("say which index is current"))
    }

    /// Removes the indexes that were made before this one. One that is being made already comes after it.
    pub(super) fn remove_before(&self, current: &Shelved) {
        let Some(directory) = &self.directory else { return };
        let numbers = Self::numbers(directory).unwrap_or_default();
        numbers.into_iter().filter(|number| *number < current.number).for_each(|number| self.remove(number));
    }

    /// Lets go of an index and removes its files.
    pub(super) fn retire(&self, shelved: Shelved) {
        let number = shelved.number;
        drop(shelved);
        self.remove(number);
    }

    fn remove(&self, number: u64) {
        let Some(directory) = &self.directory else { return };
        let path = directory.join(number.to_string());
        if let Err(error) = fs::remove_dir_all(&path) {
            // The next start tries again.
            tracing::warn!(path = %path.display(), %error, "what is left of an index cannot be removed");
        }
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_current_index_is_kept_and_the_old_one_serves_until_the_pointer_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("index");
        let shelf = Shelf::new(Some(&path));
        assert!(matches!(shelf.open().unwrap(), Found::Nothing(_)));
        let first = shelf.fresh().unwrap();
        shelf.point(&first).unwrap();
        let second = shelf.fresh().unwrap();
        assert!(second.number > first.number);
        drop((first, second));

        // A crash before the pointer was replaced.
        let Found::Whole(first) = shelf.open().unwrap() else { panic!("the first is current") };
        assert_eq!(Shelf::numbers(&path).unwrap(), [first.number], "what was half built is gone");
        let second = shelf.fresh().unwrap();
        shelf.point(&second).unwrap();
        let third = shelf.fresh().unwrap();
        shelf.remove_before(&second);
        assert_eq!(Shelf::numbers(&path).unwrap().len(), 2, "the one that is being made stays");
        shelf.retire(third);
        drop(first);
        assert_eq!(Shelf::numbers(&path).unwrap(), [second.number]);
        let number = second.number;
        drop(second);
        assert!(matches!(shelf.open().unwrap(), Found::Whole(found) if found.number == number));
    }

    #[test]
    fn whatever_cannot_be_used_is_a_reason_to_build_anew_and_foreign_files_stay() {
        type Damage = fn(&Path);
        let damages: [(&str, Damage); 5] = [
            ("no pointer", |path| fs::remove_file(path.join(CURRENT)).unwrap()),
            ("a senseless pointer", |path| fs::write(path.join(CURRENT), b"\xff\x00").unwrap()),
            ("no directory", |path| fs::remove_dir_all(path.join("1")).unwrap()),
            ("an empty file", |path| fs::write(path.join("1/meta.json"), b"").unwrap()),
            ("a directory where a file was", |path| {
                fs::remove_file(path.join("1/meta.json")).unwrap();
                fs::create_dir(path.join("1/meta.json")).unwrap();
            }),
        ];
        for (name, damage) in damages {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path();
            let shelf = Shelf::new(Some(path));
            let first = shelf.fresh().unwrap();
            shelf.point(&first).unwrap();
            drop(first);
            fs::write(path.join("notes.txt"), b"not ours").unwrap();
            damage(path);
            assert!(matches!(shelf.open().unwrap(), Found::Nothing(_)), "{name}");
            let next = shelf.fresh().unwrap();
            shelf.point(&next).unwrap();
            drop(next);
            assert!(matches!(shelf.open().unwrap(), Found::Whole(_)), "{name}");
            assert!(path.join("notes.txt").exists());
        }
    }

    #[test]
    fn an_index_in_use_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(Some(directory.path()));
        let index = shelf.fresh().unwrap();
        shelf.point(&index).unwrap();
        assert!(matches!(shelf.open(), Err(KnowledgeError::Index(IndexError::InUse))));
    }
}
