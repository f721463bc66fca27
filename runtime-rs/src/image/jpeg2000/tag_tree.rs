//! Tag trees (§B.10.2): numbers of the cells of a grid, of which each cell above tells the least of four below.

use super::packets::Bits;

pub(super) struct TagTree {
    /// From the cells up to the root: cells across, and for each cell what it is at least, and whether it is just that.
    levels: Vec<(usize, Vec<(u32, bool)>)>,
}

impl TagTree {
    pub fn new(width: usize, height: usize) -> Self {
        let (mut width, mut height) = (width.max(1), height.max(1));
        let mut levels = Vec::new();
        loop {
            levels.push((width, vec![(0, false); width * height]));
            if width * height == 1 {
                return Self { levels };
            }
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
        }
    }

    /// Reads until it is known whether cell (x, y) is below `limit`: its number if it is.
    pub fn read(&mut self, bits: &mut Bits, x: usize, y: usize, limit: u32) -> Option<Option<u32>> {
        let mut least = 0;
        for (level, (width, cells)) in self.levels.iter_mut().enumerate().rev() {
            let (value, known) = &mut cells[(y >> level) * *width + (x >> level)];
            *value = (*value).max(least);
            while !*known && *value < limit {
                if bits.read()? {
                    *known = true;
                } else {
                    *value += 1;
                }
            }
            least = *value;
            if !*known {
                return Some(None);
            }
        }
        Some((least < limit).then_some(least))
    }
}
