#include "colour.hpp"

#include <cstring>

namespace rushes {
namespace {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using i32 = std::int32_t;

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
// One build for every machine: the loader takes the widest that this one has. Not under sanitizers, whose own
// start-up the choice would run before.
#define RUSHES_WIDEST __attribute__((target_clones("avx2", "default")))
#else
#define RUSHES_WIDEST
#endif

// Loops over whole words without branches or calls, which compilers turn into vector code.
RUSHES_WIDEST void luma_row(const u32* __restrict pixels, std::size_t width, u8* __restrict y) noexcept {
  for (std::size_t x = 0; x < width; ++x) {
    const u32 p = pixels[x];
    const u32 b = p & 0xff, g = (p >> 8) & 0xff, r = (p >> 16) & 0xff;
    // 65.738, 129.057, 25.064 in 256ths, plus the 16 that is black.
    y[x] = static_cast<u8>((66 * r + 129 * g + 25 * b + 128 + (16 << 8)) >> 8);
  }
}

RUSHES_WIDEST void chroma_row(const u32* __restrict upper, const u32* __restrict lower, std::size_t half,
                              u8* __restrict u, u8* __restrict v) noexcept {
  for (std::size_t x = 0; x < half; ++x) {
    const u32 a = upper[2 * x], b = upper[2 * x + 1], c = lower[2 * x], d = lower[2 * x + 1];
    const i32 blue = static_cast<i32>((a & 0xff) + (b & 0xff) + (c & 0xff) + (d & 0xff));
    const i32 green = static_cast<i32>(((a >> 8) & 0xff) + ((b >> 8) & 0xff) + ((c >> 8) & 0xff) + ((d >> 8) & 0xff));
    const i32 red = static_cast<i32>(((a >> 16) & 0xff) + ((b >> 16) & 0xff) + ((c >> 16) & 0xff) + ((d >> 16) & 0xff));
    // The sums are of four pixels: two bits more than a mean.
    u[x] = static_cast<u8>((112 * blue - 38 * red - 74 * green + (128 << 10) + 512) >> 10);
    v[x] = static_cast<u8>((112 * red - 94 * green - 18 * blue + (128 << 10) + 512) >> 10);
  }
}

}  // namespace

void bgrx_to_i420(const std::uint8_t* source, std::ptrdiff_t stride, std::size_t width, std::size_t height,
                  std::uint8_t* out) noexcept {
  u8* const y = out;
  u8* const u = y + width * height;
  u8* const v = u + width * height / 4;
  for (std::size_t row = 0; row < height; row += 2) {
    // Both rows are read once from memory and once more while they are still in the nearest cache.
    const auto* upper = reinterpret_cast<const u32*>(source + static_cast<std::ptrdiff_t>(row) * stride);
    const auto* lower = reinterpret_cast<const u32*>(source + static_cast<std::ptrdiff_t>(row + 1) * stride);
    luma_row(upper, width, y + row * width);
    luma_row(lower, width, y + (row + 1) * width);
    chroma_row(upper, lower, width / 2, u + row / 2 * (width / 2), v + row / 2 * (width / 2));
  }
}

}  // namespace rushes
