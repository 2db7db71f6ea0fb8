/// How a date is written: letters as in strptime(3), everything else as it stands.
///
/// `%Y` year with century, `%y` two digits (69 to 99 are 1969 to 1999, as in POSIX), `%m` month,
/// `%b` English month's short name in any case, `%d` day, `%H` hour, `%M` minute, `%S` second.
package struct DateForm: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case year
        case shortYear
        case month
        case monthName
        case day
        case hour
        case minute
        case second
        case literal(UInt8)
    }

    private let parts: [Part]

    /// A form, or nil if it has no year, month and day or an unknown letter.
    package init?(_ text: String) {
        var parts: [Part] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                parts.append(.literal(byte))
                continue
            }
            guard let letter = bytes.popFirst() else { return nil }
            switch letter {
            case UInt8(ascii: "Y"): parts.append(.year)
            case UInt8(ascii: "y"): parts.append(.shortYear)
            case UInt8(ascii: "m"): parts.append(.month)
            case UInt8(ascii: "b"): parts.append(.monthName)
            case UInt8(ascii: "d"): parts.append(.day)
            case UInt8(ascii: "H"): parts.append(.hour)
            case UInt8(ascii: "M"): parts.append(.minute)
            case UInt8(ascii: "S"): parts.append(.second)
            default: return nil
            }
        }
        let hasYear = parts.contains(.year) || parts.contains(.shortYear)
        let hasMonth = parts.contains(.month) || parts.contains(.monthName)
        guard hasYear, hasMonth, parts.contains(.day) else { return nil }
        self.parts = parts
    }

    /// Days since 1970-01-01, with the time of day as a fraction; nil if the text is no such date.
    ///
    /// Blanks around the text are ignored; numbers may have fewer digits than their width.
    package func days(_ text: UnsafeRawBufferPointer) -> Double? {
        var cursor = DateCursor(text.withoutBlanks)
        var year = 1970
        var month = 1
        var day = 1
        var seconds = 0
        for part in parts {
            switch part {
            case .year: year = cursor.number(digits: 4, in: 1...9999)
            case .shortYear:
                let short = cursor.number(digits: 2, in: 0...99)
                year = short + (short < 69 ? 2000 : 1900)
            case .month: month = cursor.number(digits: 2, in: 1...12)
            case .monthName: month = cursor.monthName()
            case .day: day = cursor.number(digits: 2, in: 1...31)
            case .hour: seconds += 3600 * cursor.number(digits: 2, in: 0...23)
            case .minute: seconds += 60 * cursor.number(digits: 2, in: 0...59)
            case .second: seconds += cursor.number(digits: 2, in: 0...59)
            case .literal(let byte): cursor.skip(byte)
            }
        }
        guard cursor.isAtEnd, day <= Self.lengthOfMonth(month, year) else { return nil }
        return Double(Self.days(year, month, day)) + Double(seconds) / 86_400
    }

    /// The year and month that days since 1970-01-01 fall in; nil if they are out of all reason.
    ///
    /// Source: Hinnant, as `days`, `civil_from_days`.
    static func civil(_ days: Double) -> (year: Int, month: Int)? {
        guard abs(days) < 1e7 else { return nil }
        let shifted = Int(days.rounded(.down)) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let leaps = dayOfEra / 1460 - dayOfEra / 36_524 + dayOfEra / 146_096
        let yearOfEra = (dayOfEra - leaps) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month)
    }

    private static func lengthOfMonth(_ month: Int, _ year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days from 1970-01-01 in the Gregorian calendar.
    ///
    /// Source: Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

/// Reads a date's parts from left to right and remembers whether one did not fit.
private struct DateCursor {
    private let text: UnsafeRawBufferPointer
    private var index = 0
    private var isBroken = false

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    var isAtEnd: Bool { !isBroken && index == text.count }

    mutating func number(digits: Int, in range: ClosedRange<Int>) -> Int {
        let start = index
        var value = 0
        while index < text.count, index - start < digits {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            value = value * 10 + Int(digit)
            index += 1
        }
        if index == start || !range.contains(value) { isBroken = true }
        return isBroken ? range.lowerBound : value
    }

    mutating func monthName() -> Int {
        let names = [
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ]
        let letters = text[min(index, text.count)...].prefix(3).map { $0 | 0x20 }
        index += letters.count
        if let month = names.firstIndex(where: { $0.utf8.elementsEqual(letters) }) {
            return month + 1
        }
        isBroken = true
        return 1
    }

    mutating func skip(_ byte: UInt8) {
        if index < text.count, text[index] == byte { index += 1 } else { isBroken = true }
    }
}
