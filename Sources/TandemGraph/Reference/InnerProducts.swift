/// `c[m, n] = sum_k a[m, k] * b[n, k]`, in double precision.
///
/// The one place of the reference that is written for speed: everything that multiplies matrices
/// comes here. Rows of b are widened once for 64 rows of a, and tiles of 2 by 2 results, with four
/// running sums each, keep a processor's two vector pipes busy. The order of a sum is its four
/// lanes, then their sum, then what is left over, and does not depend on the other rows.
enum InnerProducts {
    private static let block = 64

    /// Computes all products.
    ///
    /// - Parameters:
    ///   - a: `[rows, depth]`, already widened.
    ///   - b: `[columns, depth]`.
    ///   - rows: Rows of a.
    ///   - columns: Rows of b.
    ///   - depth: The length of the sums; over nothing they are 0.
    /// - Returns: `[rows, columns]`.
    static func all(
        _ a: [Double], _ b: ArraySlice<Float>, rows: Int, columns: Int, depth: Int
    ) -> [Double] {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                all(a, b, rows: rows, columns: columns, depth: depth)
            }
        }
    }

    private static func all(
        _ a: UnsafeBufferPointer<Double>, _ b: UnsafeBufferPointer<Float>, rows: Int,
        columns: Int, depth: Int
    ) -> [Double] {
        var wide = [Double](repeating: 0, count: 2 * depth)
        var c = [Double](repeating: 0, count: rows * columns)
        for first in stride(from: 0, to: rows, by: block) {
            let last = min(first + block, rows)
            for column in stride(from: 0, to: columns, by: 2) {
                let second = min(column + 1, columns - 1)
                for k in 0..<depth {
                    wide[k] = Double(b[column * depth + k])
                    wide[depth + k] = Double(b[second * depth + k])
                }
                for row in stride(from: first, to: last, by: 2) {
                    let below = min(row + 1, last - 1)
                    let tile = tile(a, row * depth, below * depth, wide, depth)
                    c[row * columns + column] = tile[0]
                    c[row * columns + second] = second == column ? tile[0] : tile[1]
                    guard below != row else { continue }
                    c[below * columns + column] = tile[2]
                    c[below * columns + second] = second == column ? tile[2] : tile[3]
                }
            }
        }
        return c
    }

    /// The products of two rows of a with the two rows in `wide`.
    private static func tile(
        _ a: UnsafeBufferPointer<Double>, _ first: Int, _ second: Int, _ wide: [Double],
        _ depth: Int
    ) -> SIMD4<Double> {
        wide.withUnsafeBytes { wide in
            let a = UnsafeRawBufferPointer(a)
            func four(_ memory: UnsafeRawBufferPointer, _ element: Int) -> SIMD4<Double> {
                memory.loadUnaligned(fromByteOffset: element * 8, as: SIMD4<Double>.self)
            }
            func one(_ memory: UnsafeRawBufferPointer, _ element: Int) -> Double {
                memory.load(fromByteOffset: element * 8, as: Double.self)
            }
            var sums = (SIMD4<Double>.zero, SIMD4<Double>.zero)
            var below = (SIMD4<Double>.zero, SIMD4<Double>.zero)
            var k = 0
            while k + 4 <= depth {
                let x = four(a, first + k)
                let y = four(a, second + k)
                let left = four(wide, k)
                let right = four(wide, depth + k)
                sums.0 += x * left
                sums.1 += x * right
                below.0 += y * left
                below.1 += y * right
                k += 4
            }
            var tile = SIMD4(sums.0.sum(), sums.1.sum(), below.0.sum(), below.1.sum())
            while k < depth {
                let x = one(a, first + k)
                let y = one(a, second + k)
                let left = one(wide, k)
                let right = one(wide, depth + k)
                tile += SIMD4(x * left, x * right, y * left, y * right)
                k += 1
            }
            return tile
        }
    }
}
