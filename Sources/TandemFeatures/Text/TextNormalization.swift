// Design: steps over an array of scalars.
//
// Each step reads the scalars of one array and writes those of another, which then change places.
// A text goes through five steps at most, so this costs some nanoseconds a letter; a fused loop
// would be faster and could not be read beside the definition of each step.

/// One step of what a text goes through before it is cut into words.
///
/// Raw values are stored in packages.
package enum TextNormalization: UInt8, CaseIterable, Sendable {
    /// Control characters and U+FFFD go, white space becomes U+0020.
    case clean = 1
    /// Each ideograph gets a space before and behind it.
    case separateIdeographs = 2
    /// Canonical decomposition (NFD).
    case decompose = 3
    /// Marks without room of their own go (category Mn), as accents are.
    case stripNonspacingMarks = 4
    /// All marks go (category M).
    case stripMarks = 5
    /// Each scalar in lower case, whatever stands beside it.
    case lowercase = 6
    /// Canonical decomposition followed by canonical composition (NFC).
    case compose = 7

    /// Writes the scalars after the step.
    ///
    /// - Parameters:
    ///   - scalars: What the step reads.
    ///   - result: Overwritten with what it makes.
    ///   - table: What is known of scalars.
    /// - Complexity: O(scalars). Allocates only to grow `result`, and to sort more marks on one
    ///   letter than any language has.
    func apply(_ scalars: [UInt32], into result: inout [UInt32], _ table: UnicodeTable) {
        result.removeAll(keepingCapacity: true)
        switch self {
        case .clean: clean(scalars, into: &result, table)
        case .separateIdeographs: separate(scalars, into: &result, table)
        case .decompose, .compose:
            for index in 0..<scalars.count { table.decompose(scalars[index], into: &result) }
            CanonicalOrdering.apply(to: &result, table)
            if self == .compose { CanonicalComposition.apply(to: &result, table) }
        case .stripNonspacingMarks: strip(.nonspacingMark, scalars, into: &result, table)
        case .stripMarks: strip(.mark, scalars, into: &result, table)
        case .lowercase:
            for index in 0..<scalars.count { table.lower(scalars[index], into: &result) }
        }
    }

    private func clean(
        _ scalars: [UInt32], into result: inout [UInt32], _ table: UnicodeTable
    ) {
        for index in 0..<scalars.count {
            let kind = table.scalarClass(scalars[index])
            if kind.contains(.removed) { continue }
            result.append(kind.contains(.space) ? 0x20 : scalars[index])
        }
    }

    private func separate(
        _ scalars: [UInt32], into result: inout [UInt32], _ table: UnicodeTable
    ) {
        for index in 0..<scalars.count {
            let isIdeograph = table.scalarClass(scalars[index]).contains(.ideograph)
            if isIdeograph { result.append(0x20) }
            result.append(scalars[index])
            if isIdeograph { result.append(0x20) }
        }
    }

    private func strip(
        _ kind: ScalarClass, _ scalars: [UInt32], into result: inout [UInt32],
        _ table: UnicodeTable
    ) {
        for index in 0..<scalars.count
        where table.scalarClass(scalars[index]).isDisjoint(with: kind) {
            result.append(scalars[index])
        }
    }
}

/// Brings the marks behind each letter into their canonical order.
///
/// Source: The Unicode Standard, section 3.11, "Canonical Ordering Algorithm".
private enum CanonicalOrdering {
    static func apply(to scalars: inout [UInt32], _ table: UnicodeTable) {
        var start = 0
        while start < scalars.count {
            guard table.order(scalars[start]) != 0 else {
                start += 1
                continue
            }
            var end = start + 1
            var isSorted = true
            while end < scalars.count, table.order(scalars[end]) != 0 {
                if table.order(scalars[end - 1]) > table.order(scalars[end]) { isSorted = false }
                end += 1
            }
            if !isSorted { sort(&scalars, start, end, table) }
            start = end
        }
    }

    /// Sorts a stretch of marks; those of one place stay in the order in which they stand.
    ///
    /// No language puts more than a few marks on a letter. A hostile text may put a million there,
    /// which are gone through once for each of the places.
    private static func sort(
        _ scalars: inout [UInt32], _ start: Int, _ end: Int, _ table: UnicodeTable
    ) {
        guard end - start > insertionCountMax else {
            return insertionSort(&scalars, start, end, table)
        }
        let marks = Array(scalars[start..<end])
        var place = start
        for order in 1..<UnicodeTable.orderCount {
            for index in 0..<marks.count where table.order(marks[index]) == order {
                scalars[place] = marks[index]
                place += 1
            }
        }
    }

    private static let insertionCountMax = 32

    private static func insertionSort(
        _ scalars: inout [UInt32], _ start: Int, _ end: Int, _ table: UnicodeTable
    ) {
        var index = start + 1
        while index < end {
            let scalar = scalars[index]
            let order = table.order(scalar)
            var place = index
            while place > start, table.order(scalars[place - 1]) > order {
                scalars[place] = scalars[place - 1]
                place -= 1
            }
            scalars[place] = scalar
            index += 1
        }
    }
}

/// Joins letters with the marks behind them where a scalar of its own says the same.
///
/// Source: The Unicode Standard, section 3.11, "Canonical Composition Algorithm".
private enum CanonicalComposition {
    /// Composes scalars that are decomposed and in canonical order.
    static func apply(to scalars: inout [UInt32], _ table: UnicodeTable) {
        var starter: Int?
        var lastOrder: UInt32 = 0
        var end = 0
        for index in 0..<scalars.count {
            let scalar = scalars[index]
            let order = table.order(scalar)
            // A mark that stands between keeps its letter from those of its own place or before.
            if let starter, starter == end - 1 || lastOrder < order,
                let whole = table.composition(scalars[starter], scalar)
            {
                scalars[starter] = whole
                continue
            }
            if order == 0 { starter = end }
            lastOrder = order
            scalars[end] = scalar
            end += 1
        }
        scalars.removeLast(scalars.count - end)
    }
}
