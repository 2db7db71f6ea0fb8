import CTandemKernels
import Testing

/// The kernels of one family's register, best first, scalar last.
struct Register: CustomTestStringConvertible, Sendable {
    let family: String
    let names: [String]
    let sets: [tandemk_isa]
    let chosen: Int

    /// Those that this processor can run.
    var runnable: [Int] {
        names.indices.filter { sets[$0] & tandemk_isa_probed() == sets[$0] }
    }
    var scalar: Int { names.count - 1 }
    var testDescription: String { family }

    init(_ family: String, count: Int, chosen: Int, entry: (Int) -> (String, tandemk_isa)) {
        let entries = (0..<count).map(entry)
        self.family = family
        self.names = entries.map(\.0)
        self.sets = entries.map(\.1)
        self.chosen = chosen
    }

    /// Runs each runnable kernel into a fresh guarded output and expects the scalar twin's bits,
    /// untouched elements included; returns the scalar twin's output.
    @discardableResult
    func expectSameBits<Element: BitwiseCopyable & BinaryElement>(
        _ outputCount: Int, _ note: @autoclosure () -> String,
        run: (Int, UnsafeMutablePointer<Element>) -> Void
    ) -> [Element] {
        let twin = GuardedBuffer<Element>(count: outputCount)
        run(scalar, twin.base)
        let expected = twin.elements
        for index in runnable where index != scalar {
            let output = GuardedBuffer<Element>(count: outputCount)
            run(index, output.base)
            let actual = output.elements
            if let at = expected.indices.first(where: { !actual[$0].isSame(as: expected[$0]) }) {
                Issue.record(
                    """
                    \(names[index]) \(note()): element \(at) is \(actual[at]), \
                    the scalar twin's is \(expected[at])
                    """)
            }
        }
        return expected
    }
}

/// An element compared by its bits; NaNs are equal to each other, because payloads are not promised.
protocol BinaryElement {
    func isSame(as other: Self) -> Bool
}

extension Float: BinaryElement {
    func isSame(as other: Float) -> Bool {
        bitPattern == other.bitPattern || (isNaN && other.isNaN)
    }
}
extension Int8: BinaryElement {
    func isSame(as other: Int8) -> Bool { self == other }
}
extension UInt8: BinaryElement {
    func isSame(as other: UInt8) -> Bool { self == other }
}

/// What a guarded buffer holds where nothing was written.
let untouched = Float(bitPattern: 0xA5A5_A5A5)
