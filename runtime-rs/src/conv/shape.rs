//! The extents of a convolution.

/// The extents of a convolution or pooling of a batch of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Images.
    pub batch: usize,
    /// Rows of the input.
    pub height: usize,
    /// Pixels in a row of the input.
    pub width: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Groups: output channels of one group see only the input channels of theirs.
    pub groups: usize,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Distance of outputs, in input pixels.
    pub stride: [usize; 2],
    /// Distance of the kernel's elements, in input pixels.
    pub dilation: [usize; 2],
    /// Zeros around the input: top, left, bottom, right.
    pub pads: [usize; 4],
}

impl Conv2d {
    /// A convolution with one group and stride 1, without dilation and padding, on one image.
    pub fn new(
        [height, width, channels]: [usize; 3],
        out_channels: usize,
        kernel: [usize; 2],
    ) -> Self {
        Conv2d {
            batch: 1,
            height,
            width,
            channels,
            out_channels,
            groups: 1,
            kernel,
            stride: [1, 1],
            dilation: [1, 1],
            pads: [0; 4],
        }
    }

    /// Rows and columns of the output: `⌊(in + pads − (dilation·(kernel − 1) + 1)) / stride⌋ + 1`, or 0 where the kernel
    /// is larger than the padded input.
    pub fn output(&self) -> [usize; 2] {
        let [top, left, bottom, right] = self.pads;
        let along = |axis: usize, extent: usize| {
            let reach = self.dilation[axis] * self.kernel[axis].saturating_sub(1) + 1;
            extent
                .checked_sub(reach)
                .map_or(0, |room| room / self.stride[axis] + 1)
        };
        [
            along(0, self.height + top + bottom),
            along(1, self.width + left + right),
        ]
    }

    /// Elements of the input.
    pub fn input_len(&self) -> usize {
        self.batch * self.height * self.width * self.channels
    }

    /// Elements of the output.
    pub fn output_len(&self) -> usize {
        let [height, width] = self.output();
        self.batch * height * width * self.out_channels
    }

    /// Panics if the extents contradict each other.
    pub(super) fn check(&self) {
        let Conv2d {
            channels,
            out_channels,
            groups,
            kernel,
            stride,
            dilation,
            ..
        } = *self;
        assert!(groups > 0, "a convolution has at least one group");
        assert!(
            channels % groups == 0,
            "{channels} channels do not divide into {groups} groups"
        );
        assert!(
            out_channels % groups == 0,
            "{out_channels} output channels do not divide into {groups} groups"
        );
        assert!(
            kernel[0] > 0 && kernel[1] > 0,
            "a kernel has at least one element"
        );
        assert!(stride[0] > 0 && stride[1] > 0, "strides are positive");
        assert!(dilation[0] > 0 && dilation[1] > 0, "dilations are positive");
    }

    /// Multiply-adds of the whole.
    pub(super) fn macs(&self) -> usize {
        let taps = self.kernel[0] * self.kernel[1];
        self.output_len() * taps * (self.channels / self.groups)
    }
}
