// Design: sizes are polynomials.
//
// A size that is known only when a request is there has a name (`sequence`), and what exporters
// compute from sizes is sums and products of them: joining two sequences gives `s + t`, flattening
// gives `12 * s`. A polynomial with whole coefficients in one canonical form makes two sizes equal
// exactly when their values are, which is all that inference asks. Division is exact or it has no
// answer: a size such as `floor(s / 2)` is refused where it arises, and binding `s` mends it.

/// One dimension of a row's shape: a number, or a polynomial over named sizes of 1 or more.
package struct Dimension: Hashable, Sendable {
    /// A coefficient and the names it multiplies, sorted; no names for the constant.
    private struct Term: Hashable, Sendable {
        var names: [String]
        var factor: Int
    }

    private enum Form: Hashable, Sendable {
        case fixed(Int)
        /// Sorted by names, no two alike, no factor 0, and not a constant alone.
        case terms([Term])
    }

    /// The most terms, and the most names in a term, of a polynomial.
    ///
    /// What exporters compute has two or three. Without a bound, a hostile text of some kilobytes
    /// could multiply to gigabytes.
    package static let termCountMax = 64

    private let form: Form

    private init(_ form: Form) { self.form = form }

    /// A known size, at least 0 where it is a dimension.
    package static func fixed(_ size: Int) -> Dimension { Dimension(.fixed(size)) }

    /// A size known only when a request is there (a padded sequence's length), by name.
    package static func symbol(_ name: String) -> Dimension {
        Dimension(.terms([Term(names: [name], factor: 1)]))
    }

    /// The size if it is known.
    package var fixedSize: Int? { if case .fixed(let size) = form { size } else { nil } }

    /// The name if the dimension is one symbol alone.
    package var symbolName: String? {
        guard case .terms(let terms) = form, terms.count == 1, terms[0].factor == 1,
            terms[0].names.count == 1
        else { return nil }
        return terms[0].names[0]
    }

    /// All names in the polynomial, sorted.
    package var symbols: [String] { Set(terms.flatMap(\.names)).sorted() }

    private var terms: [Term] {
        switch form {
        case .fixed(let size): size == 0 ? [] : [Term(names: [], factor: size)]
        case .terms(let terms): terms
        }
    }

    private init?(collecting terms: [Term]) {
        var factors: [[String]: Int] = [:]
        for term in terms {
            let (sum, overflow) = factors[term.names, default: 0]
                .addingReportingOverflow(term.factor)
            if overflow || term.names.count > Self.termCountMax { return nil }
            factors[term.names] = sum
        }
        let kept = factors.filter { $0.value != 0 }
        guard kept.count <= Self.termCountMax else { return nil }
        if kept.isEmpty {
            self.init(.fixed(0))
        } else if kept.count == 1, let constant = kept[[]] {
            self.init(.fixed(constant))
        } else {
            let sorted = kept.map { Term(names: $0.key, factor: $0.value) }
                .sorted { $0.names.lexicographicallyPrecedes($1.names) }
            self.init(.terms(sorted))
        }
    }

    // MARK: Arithmetic

    /// The sum, or nil when a coefficient does not fit or the terms are too many.
    package func adding(_ other: Dimension) -> Dimension? {
        Dimension(collecting: terms + other.terms)
    }

    /// The difference, or nil when a coefficient does not fit or the terms are too many.
    package func subtracting(_ other: Dimension) -> Dimension? {
        guard let negative = other.multiplied(by: .fixed(-1)) else { return nil }
        return adding(negative)
    }

    /// The product, or nil when a coefficient does not fit or the terms are too many.
    package func multiplied(by other: Dimension) -> Dimension? {
        var products: [Term] = []
        for left in terms {
            for right in other.terms {
                let (factor, overflow) = left.factor.multipliedReportingOverflow(by: right.factor)
                if overflow { return nil }
                products.append(Term(names: (left.names + right.names).sorted(), factor: factor))
            }
        }
        return Dimension(collecting: products)
    }

    /// The quotient where it is exact for every value of the symbols, otherwise nil.
    package func divided(exactlyBy other: Dimension) -> Dimension? {
        if self == other, self != .fixed(0) { return .fixed(1) }
        let divisors = other.terms
        guard divisors.count == 1 else { return nil }
        var quotients: [Term] = []
        for term in terms {
            var names = term.names
            for name in divisors[0].names {
                guard let index = names.firstIndex(of: name) else { return nil }
                names.remove(at: index)
            }
            let (quotient, overflow) = term.factor
                .dividedReportingOverflow(by: divisors[0].factor)
            guard !overflow, quotient * divisors[0].factor == term.factor else { return nil }
            quotients.append(Term(names: names, factor: quotient))
        }
        return Dimension(collecting: quotients)
    }

    /// The polynomial with sizes in place of some names, or nil when a number does not fit.
    package func binding(_ sizes: [String: Int]) -> Dimension? {
        guard case .terms(let terms) = form else { return self }
        var bound: [Term] = []
        for term in terms {
            var factor = term.factor
            var names: [String] = []
            for name in term.names {
                guard let size = sizes[name] else {
                    names.append(name)
                    continue
                }
                let (product, overflow) = factor.multipliedReportingOverflow(by: size)
                if overflow { return nil }
                factor = product
            }
            bound.append(Term(names: names, factor: factor))
        }
        return Dimension(collecting: bound)
    }

    /// Whether the size is `other` or more: known for all values of the names, or nil.
    package func isAtLeast(_ other: Dimension) -> Bool? {
        guard let difference = subtracting(other) else { return nil }
        if let fixed = difference.fixedSize { return fixed >= 0 }
        var least = 0
        for term in difference.terms {
            guard term.factor > 0 || term.names.isEmpty else { return nil }
            let (sum, overflow) = least.addingReportingOverflow(term.factor)
            if overflow { return nil }
            least = sum
        }
        return least >= 0 ? true : nil
    }

    /// The product of dimensions, 1 for none, or nil when a coefficient does not fit.
    package static func product(_ dimensions: some Sequence<Dimension>) -> Dimension? {
        var product = Dimension.fixed(1)
        for dimension in dimensions {
            guard let next = product.multiplied(by: dimension) else { return nil }
            product = next
        }
        return product
    }
}

extension Dimension: ExpressibleByIntegerLiteral {
    /// A known size.
    package init(integerLiteral value: Int) { self = .fixed(value) }
}

extension Dimension: CustomStringConvertible {
    /// The canonical text, such as `12*sequence+1`; `init(text:)` reads it.
    package var description: String {
        guard case .terms(let terms) = form else { return String(fixedSize ?? 0) }
        var text = ""
        for term in terms.reversed() {
            let sign = term.factor < 0 ? "-" : (text.isEmpty ? "" : "+")
            let size = term.factor.magnitude
            let parts = (size == 1 && !term.names.isEmpty ? [] : [String(size)]) + term.names
            text += sign + parts.joined(separator: "*")
        }
        return text
    }

    /// Reads the canonical text, or gives nil.
    ///
    /// Names start with a letter or `_` and go on with letters, digits, `_` and `.`.
    package init?(text: String) {
        var collected: [Term] = []
        var part: [UInt8] = []
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return nil }
        for (index, byte) in bytes.enumerated() {
            let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            if isSign, index > 0 {
                guard let term = Self.term(part) else { return nil }
                collected.append(term)
                part = []
            }
            part.append(byte)
        }
        guard let term = Self.term(part) else { return nil }
        self.init(collecting: collected + [term])
    }

    private static func term(_ bytes: [UInt8]) -> Term? {
        var body = bytes[...]
        var term = Term(names: [], factor: 1)
        if let first = body.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            if first == UInt8(ascii: "-") { term.factor = -1 }
            body = body.dropFirst()
        }
        let parts = body.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        for part in parts {
            let word = String(decoding: part, as: UTF8.self)
            if let size = Int(word), part.first != UInt8(ascii: "+") {
                let (product, overflow) = term.factor.multipliedReportingOverflow(by: size)
                if overflow { return nil }
                term.factor = product
            } else if isName(word) {
                term.names.append(word)
            } else {
                return nil
            }
        }
        term.names.sort()
        return term
    }

    /// Whether a word can be the name of a size.
    package static func isName(_ word: String) -> Bool {
        guard let first = word.utf8.first, !(0x30...0x39).contains(first), first != 0x2E,
            word.utf8.count <= 100
        else { return false }
        return word.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || $0 == 0x5F || $0 == 0x2E
        }
    }
}
