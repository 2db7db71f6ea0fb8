// Design: a shop whose truth is known.
//
// Every impression is drawn from a small model of a shop, stated below, so that what a multi-task
// model must find is known. `ShopSummary` says how well the true chances themselves rank the log,
// which no model can beat. Every relation that matters in practice is planted:
//
// - Users and items have four hidden tastes each, u and v; taste = u.v / 2 moves all tasks.
// - Items have an *appeal* (a loud picture) and a *quality*, correlated -0.4: appeal raises clicks
//   and lowers purchases and ratings, so that the tasks partly contradict each other.
// - click ~ sigmoid(-2.1 + 1.1 taste + 0.9 appeal + 0.7 [category seen lately]
//   - 0.12 (position - 1) + 0.25 [evening]).
// - purchase, only after a click ~ sigmoid(-1.1 + 0.8 taste + 1.0 quality - 0.6 appeal
//   - 0.7 log(price / usual price of the segment) + 2 discount + 0.4 [category seen lately]).
// - rating 1 ... 5, only after a purchase: 3.5 + 0.9 quality - 0.5 appeal + 0.4 taste
//   + 0.6 normal, rounded.
// - dwell seconds, only after a click: exp(2.6 + 0.5 quality + 0.4 taste + 0.6 normal).
// - Selection bias: of three random items the logged policy shows the one with the largest
//   taste + 0.7 popularity + noise, so what is logged is not what could be shown.
// - Missing values: age in 8 % of the users, brand in 5 % of the items, no history for new users.
// - The shop grows: users and items that appear later were never seen before, up to a quarter of
//   those in the last tenth of the file.
//
// Rows are in the order of time. The generator and its mathematics are our own (`RandomSource`,
// `PortableMath`), so that the same arguments give the same bytes on every machine.

/// Makes the log of an invented shop as CSV; the same arguments give the same bytes.
package struct ShopGenerator {
    /// Number of rows, at least 1.
    package let impressionCount: Int
    /// Seed of everything random.
    package let seed: UInt64

    /// The columns, in order; the last four are labels, empty where they do not exist.
    package static let header =
        "day,hour,user_id,age,country,segment,device,tenure_days,recent_items,recent_categories,"
        + "item_id,category,brand,price,discount,item_age_days,popularity,position,"
        + "click,purchase,rating,dwell_seconds\n"

    /// Prepares a log.
    ///
    /// - Parameters:
    ///   - impressionCount: Rows; 1 ... 2^31 - 1.
    ///   - seed: Any number.
    /// - Throws: `TrainingError` `overLimit`.
    package init(impressionCount: Int, seed: UInt64) throws(TrainingError) {
        guard impressionCount >= 1, impressionCount <= TrainingLimits.rowCountMax else {
            throw TrainingError(
                .overLimit, "a log has 1 to \(TrainingLimits.rowCountMax) impressions",
                remedy: "ask for a number in that range"
            ).with(\.actual, impressionCount).with(\.limit, TrainingLimits.rowCountMax)
        }
        self.impressionCount = impressionCount
        self.seed = seed
    }

    /// Writes the whole log in pieces.
    ///
    /// - Parameter sink: Called with up to some 64 KiB at a time, and the rows done so far.
    /// - Returns: What was written, and the best that can be made of it.
    /// - Throws: What the sink throws.
    /// - Complexity: O(rows); memory O(users + items), and some bytes for each of at most a million rows.
    @discardableResult
    package func write<Failure: Error>(
        to sink: (_ bytes: [UInt8], _ rowsDone: Int) throws(Failure) -> Void
    ) throws(Failure) -> ShopSummary {
        var shop = Shop(impressionCount: impressionCount, seed: seed)
        var line = CSVLine()
        line.append(Self.header)
        for row in 0..<impressionCount {
            shop.appendImpression(row, to: &line)
            if line.bytes.count >= 1 << 16 {
                try sink(line.bytes, row + 1)
                line.bytes.removeAll(keepingCapacity: true)
            }
        }
        try sink(line.bytes, impressionCount)
        return shop.record.summary
    }
}

/// Bytes of CSV, appended field by field.
struct CSVLine {
    var bytes: [UInt8] = []

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func field(_ text: String) {
        append(text)
        bytes.append(UInt8(ascii: ","))
    }

    mutating func field(_ value: Int) { field(String(value)) }

    mutating func field(_ value: Int?) { field(value.map { String($0) } ?? "") }

    /// A number with `places` digits after the point; below 10^15.
    mutating func field(_ value: Double, places: Int) {
        field(Self.text(value, places: places))
    }

    mutating func endLine() { bytes[bytes.count - 1] = UInt8(ascii: "\n") }

    private static func text(_ value: Double, places: Int) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((value.magnitude * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(value < 0 && scaled > 0 ? "-" : "")\(scaled / scale).\(zeros)\(fraction)"
    }
}
