// Pixels of a screen into the planes that video and JPEG are made from.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rushes {

// Four bytes a pixel (blue, green, red, unused) into i420, limited range, ITU-R BT.601: to the last bit what
// rushes.codecs.colour does. `stride` is bytes from row to row of the source; width and height are even. The three
// planes lie one behind the other at `out`, width * height * 3 / 2 bytes.
void bgrx_to_i420(const std::uint8_t* source, std::ptrdiff_t stride, std::size_t width, std::size_t height,
                  std::uint8_t* out) noexcept;

}  // namespace rushes
