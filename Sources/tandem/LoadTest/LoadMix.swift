/// What a load test asks: kinds of request and how much of each.
struct LoadMix {
    /// One kind of request.
    struct Kind {
        let model: String
        /// Candidates: fewest and most, drawn evenly.
        let rows: ClosedRange<Int>
        /// Its share among all kinds' shares.
        let share: Double
        let priority: Int32

        /// Whether it names its model itself.
        let isNamed: Bool

        /// Such as `64`, `10..200`, `1000@-5` or `shop:64`.
        var name: String {
            var name = isNamed ? "\(model):" : ""
            name += "\(rows.lowerBound)"
            if rows.count > 1 { name += "..\(rows.upperBound)" }
            return priority == 0 ? name : "\(name)@\(priority)"
        }
    }

    let kinds: [Kind]
    private let shareSum: Double

    /// Reads `[MODEL:]ROWS[..ROWS][@PRIORITY][*SHARE],...`.
    ///
    /// - Parameters:
    ///   - text: The kinds.
    ///   - model: The model of those that name none.
    /// - Throws: `Failure` `usage`, quoting the part that is wrong.
    init(_ text: String, model: String?) throws(Failure) {
        var kinds: [Kind] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let kind = Self.kind(part, model: model ?? "") else {
                throw Failure(
                    .usage,
                    "--rows: '\(part)' is no kind of request; write ROWS, such as 64, 10..200, "
                        + "1*0.9,1000@-5*0.1, or MODEL:64")
            }
            guard !kind.model.isEmpty else {
                throw Failure(
                    .usage, "--rows: '\(part)' is for no model; give --model, or MODEL:\(part)")
            }
            kinds.append(kind)
        }
        self.kinds = kinds
        shareSum = kinds.reduce(0) { $0 + $1.share }
    }

    /// A kind by chance, as often as its share says.
    func draw(_ random: inout some RandomNumberGenerator) -> Int {
        var place = Double.random(in: 0..<shareSum, using: &random)
        for index in kinds.indices {
            place -= kinds[index].share
            if place < 0 { return index }
        }
        return kinds.count - 1
    }

    private static func kind(_ text: Substring, model: String) -> Kind? {
        let named = text.split(separator: ":", omittingEmptySubsequences: false)
        guard named.count <= 2, !named[0].isEmpty else { return nil }
        let starred = named[named.count - 1].split(separator: "*", omittingEmptySubsequences: false)
        let ranked = starred[0].split(separator: "@", omittingEmptySubsequences: false)
        guard starred.count <= 2, ranked.count <= 2 else { return nil }
        let share = starred.count == 2 ? Double(starred[1]) : 1
        let priority = ranked.count == 2 ? Int32(ranked[1]) : 0
        guard let share, share > 0, share.isFinite, let priority, (-100...100) ~= priority,
            let rows = range(ranked[0])
        else { return nil }
        let isNamed = named.count == 2
        return Kind(
            model: isNamed ? String(named[0]) : model, rows: rows, share: share,
            priority: priority, isNamed: isNamed)
    }

    private static func range(_ text: Substring) -> ClosedRange<Int>? {
        let ends = text.split(separator: ".", omittingEmptySubsequences: false)
        if ends.count == 1, let rows = Int(text), rows > 0 { return rows...rows }
        guard ends.count == 3, ends[1].isEmpty, let low = Int(ends[0]), let high = Int(ends[2]),
            0 < low, low <= high
        else { return nil }
        return low...high
    }
}
