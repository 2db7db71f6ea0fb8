// Design: numbers from bytes without a String.
//
// Most numbers of a file have at most 19 digits and a small exponent. Those with at most 2^53 as
// their digits and a power of ten up to 22 are exact in one multiplication or division (Clinger,
// "How to read floating point numbers accurately", 1990): both operands are exact in a double, so
// the one rounding is the right one. All others take the standard library's slower way.

/// Reads numbers written as text.
package enum NumberText {
    /// The finite decimal number that the bytes spell, blanks around it aside, or nil.
    ///
    /// Allocates nothing for common lengths.
    package static func double(_ bytes: UnsafeRawBufferPointer) -> Double? {
        var scan = DecimalScan(bytes)
        guard scan.run() else { return nil }
        if scan.isExact, let value = scan.exactValue { return value }
        let text = String(decoding: bytes.withoutBlanks, as: UTF8.self)
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// The whole number that the bytes spell, blanks around it aside, or nil.
    ///
    /// `12.0` is one too, since tables are often written that way.
    package static func int64(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        let digits = bytes.withoutBlanks
        var index = 0
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { index = 1 }
        guard index < digits.count else { return nil }
        var value: Int64 = 0
        while index < digits.count {
            let digit = digits[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return wholeDouble(bytes) }
            let (product, isOver) = value.multipliedReportingOverflow(by: 10)
            // Counted downwards, because the smallest number has no positive counterpart.
            let (sum, isUnder) = product.subtractingReportingOverflow(Int64(digit))
            if isOver || isUnder { return nil }
            value = sum
            index += 1
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }

    /// A whole number written with a decimal point or an exponent.
    private static func wholeDouble(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard let value = double(bytes), abs(value) <= 0x1p53 else { return nil }
        return Int64(exactly: value)
    }
}

/// One pass over a decimal number: checks its form and gathers its digits.
private struct DecimalScan {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private var mantissa: UInt64 = 0
    private var digitCount = 0
    private var exponent = 0
    private var isNegative = false
    private(set) var isExact = true

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes.withoutBlanks }

    /// Whether the bytes are a decimal number.
    mutating func run() -> Bool {
        guard bytes.count <= 400 else { return false }
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            index = 1
        }
        var count = digits(isFraction: false)
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            count += digits(isFraction: true)
        }
        guard count > 0 else { return false }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            guard writtenExponent() else { return false }
        }
        return index == bytes.count
    }

    /// The value where one rounding is enough.
    var exactValue: Double? {
        guard mantissa <= 1 << 53, abs(exponent) <= 22 else { return nil }
        let digits = Double(mantissa)
        let power = powersOfTen[abs(exponent)]
        let magnitude = exponent < 0 ? digits / power : digits * power
        return isNegative ? -magnitude : magnitude
    }

    private mutating func digits(isFraction: Bool) -> Int {
        let first = index
        while index < bytes.count {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            index += 1
            if mantissa != 0 || digit != 0 { digitCount += 1 }
            if digitCount > 19 {
                isExact = false
                continue
            }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            if isFraction { exponent -= 1 }
        }
        return index - first
    }

    private mutating func writtenExponent() -> Bool {
        var isBelow = false
        if index < bytes.count,
            bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+")
        {
            isBelow = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        let first = index
        var value = 0
        while index < bytes.count {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            value = min(100_000, value * 10 + Int(digit))
            index += 1
        }
        exponent += isBelow ? -value : value
        return index > first
    }
}

/// Powers of ten from 0 to 22, all exact in a double.
private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]
