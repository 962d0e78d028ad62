// Every value against the formula written out in floating point, at sizes and strides where loops end raggedly.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../colour.hpp"

namespace {

struct Rgb {
  double r, g, b;
};

int rounded(double value) { return static_cast<int>(std::floor(value + 0.5)); }

void check(bool holds, const char* what, std::size_t width, std::size_t height, std::size_t x, std::size_t y, int got,
           int want) {
  if (holds) return;
  std::fprintf(stderr, "%s at %zu,%zu of %zux%zu: %d, want about %d\n", what, x, y, width, height, got, want);
  std::exit(1);
}

void test(std::size_t width, std::size_t height, std::size_t padding) {
  const std::size_t stride = width * 4 + padding * 4;
  // Exactly as large as it must be: an address sanitizer sees a byte too many.
  std::vector<std::uint8_t> source(stride * height), out(width * height * 3 / 2, 0xee);
  unsigned seed = static_cast<unsigned>(width * 31 + height);
  for (auto& byte : source) byte = static_cast<std::uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
  rushes::bgrx_to_i420(source.data(), static_cast<std::ptrdiff_t>(stride), width, height, out.data());
  const auto at = [&](std::size_t x, std::size_t y) {
    const std::uint8_t* p = source.data() + y * stride + x * 4;
    return Rgb{double(p[2]), double(p[1]), double(p[0])};
  };
  const std::uint8_t* u = out.data() + width * height;
  const std::uint8_t* v = u + width * height / 4;
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      const Rgb p = at(x, y);
      const int want = rounded(16 + 0.256788 * p.r + 0.504129 * p.g + 0.097906 * p.b);
      const int got = out[y * width + x];
      check(std::abs(got - want) <= 1, "luma", width, height, x, y, got, want);
    }
  }
  for (std::size_t y = 0; y < height / 2; ++y) {
    for (std::size_t x = 0; x < width / 2; ++x) {
      Rgb mean{0, 0, 0};
      for (std::size_t k = 0; k < 4; ++k) {
        const Rgb p = at(2 * x + k % 2, 2 * y + k / 2);
        mean = {mean.r + p.r / 4, mean.g + p.g / 4, mean.b + p.b / 4};
      }
      const int want_u = rounded(128 - 0.148223 * mean.r - 0.290993 * mean.g + 0.439216 * mean.b);
      const int want_v = rounded(128 + 0.439216 * mean.r - 0.367788 * mean.g - 0.071427 * mean.b);
      const std::size_t place = y * (width / 2) + x;
      check(std::abs(u[place] - want_u) <= 1, "u", width, height, x, y, u[place], want_u);
      check(std::abs(v[place] - want_v) <= 1, "v", width, height, x, y, v[place], want_v);
    }
  }
}

}  // namespace

int main() {
  for (std::size_t width = 2; width <= 70; width += 2) {
    for (std::size_t height = 2; height <= 8; height += 2) test(width, height, width % 3);
  }
  test(1920, 1080, 0);
  test(638, 358, 5);
  std::puts("ok");
  return 0;
}
