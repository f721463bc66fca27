//! From the planes of a JPEG file to red, green and blue.

/// What the planes of a file are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Grey,
    Rgb,
    /// Brightness, and blue's and red's difference from it (JFIF 1.02).
    YCbCr,
    /// Inks; `true`: as brightness and differences of the first three. Adobe's are inverted.
    Cmyk(bool),
}

impl Space {
    /// By the number of planes, Adobe's marker, JFIF's, and the names of the planes.
    pub fn of(ids: &[u8], adobe: Option<u8>, jfif: bool) -> Option<Self> {
        match (ids.len(), adobe) {
            (1, _) => Some(Self::Grey),
            (3, _) if jfif => Some(Self::YCbCr),
            (3, Some(0)) => Some(Self::Rgb),
            (3, None) if ids == b"RGB" => Some(Self::Rgb),
            (3, _) => Some(Self::YCbCr),
            (4, transform) => Some(Self::Cmyk(transform == Some(2))),
            _ => None,
        }
    }

    /// The pixels.
    pub fn rgb(self, planes: &[Vec<u8>]) -> Vec<u8> {
        let count = planes.first().map_or(0, Vec::len);
        let at = |plane: usize, i: usize| planes[plane][i];
        let pixel = |i: usize| match self {
            Self::Grey => [at(0, i); 3],
            Self::Rgb => [at(0, i), at(1, i), at(2, i)],
            Self::YCbCr => from_differences(at(0, i), at(1, i), at(2, i)),
            Self::Cmyk(differences) => {
                let inks = [at(0, i), at(1, i), at(2, i)];
                // Adobe's files hold what is left of the paper's white.
                let left = if differences {
                    from_differences(inks[0], inks[1], inks[2]).map(|v| 255 - v)
                } else {
                    inks
                };
                left.map(|v| product(v, at(3, i)))
            }
        };
        (0..count).flat_map(pixel).collect()
    }
}

/// `a·b / 255`, to nearest.
fn product(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    ((product + (product >> 8)) >> 8) as u8
}

/// In fixed point with 16 bits behind the point, as libjpeg does it.
pub(crate) fn from_differences(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let half = 1 << 15;
    let red = (91_881 * cr + half) >> 16;
    let green = (-22_554 * cb - 46_802 * cr + half) >> 16;
    let blue = (116_130 * cb + half) >> 16;
    [y + red, y + green, y + blue].map(|v| v.clamp(0, 255) as u8)
}
