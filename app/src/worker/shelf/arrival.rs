//! Files on their way to the shelf, one after another.

use moescope_engine::source::SourceError;

use super::{Download, Shelf};

/// What is left to do. Dropped, it leaves what came on the shelf.
pub struct Arrival {
    /// None where nothing comes.
    shelf: Option<Shelf>,
    /// Each with the bytes of the files before it.
    downloads: Vec<(u64, Download)>,
    total_bytes: u64,
}

impl Arrival {
    /// Of nothing yet, of files of so many bytes.
    pub fn new(total_bytes: u64) -> Self {
        Self {
            shelf: None,
            downloads: Vec::new(),
            total_bytes,
        }
    }

    /// One more, after files of `start` bytes.
    pub fn add(&mut self, start: u64, download: Download) {
        self.downloads.push((start, download));
    }

    /// The same to a shelf.
    pub fn on(self, shelf: Shelf) -> Self {
        Self {
            shelf: Some(shelf),
            ..self
        }
    }

    /// Does it. `progress` hears bytes done and bytes in all.
    pub async fn run(self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), SourceError> {
        let Some(shelf) = self.shelf else {
            return Ok(());
        };
        for (start, download) in self.downloads {
            let mut done = |done| progress(start + done, self.total_bytes);
            download.run(&shelf, &mut done).await?;
        }
        Ok(())
    }
}
