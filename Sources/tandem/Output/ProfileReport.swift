import TandemEngine
import TandemGraph

/// A profile beside the machine's limits.
struct ProfileReport {
    let profile: PlanProfile
    let limits: MachineLimits
    let package: String

    private var total: Double { profile.entries.reduce(0) { $0 + $1.microseconds } }
    private var multiplyAdds: Int { profile.entries.reduce(0) { $0 + $1.multiplyAdds } }
    private var bytes: Int { profile.entries.reduce(0) { $0 + $1.bytes } }

    /// A share of the peak of the arithmetic that the step uses.
    private func peakShare(_ entry: PlanProfile.Entry) -> Double {
        entry.operationRate / (entry.note.cost.isInt8 ? limits.int8Rate : limits.floatRate)
    }

    /// For people: a line a step, the most expensive first, and the sums.
    var text: String {
        var table = TextTable([
            "us", "share", "multiply-adds", "of peak", "bytes", "of L3", "runs", "step",
        ])
        for entry in profile.entries.sorted(by: { $0.microseconds > $1.microseconds }) {
            table.add([
                Readable.fixed(entry.microseconds, 1), percent(entry.microseconds / total),
                Readable.grouped(entry.multiplyAdds),
                entry.multiplyAdds > 0 ? percent(peakShare(entry)) : "",
                Readable.grouped(entry.bytes), percent(entry.byteRate / limits.readRate),
                entry.note.rows == .candidate ? "block" : "once",
                String(entry.note.text.prefix(72)),
            ])
        }
        let rate = 2 * Double(multiplyAdds) / (profile.wholeMicroseconds * 1e3)
        return table.text
            + """

            a request of \(profile.rowCount) rows: \
            \(Readable.fixed(profile.wholeMicroseconds, 1)) us as in service, \
            \(Readable.fixed(total, 1)) us step by step
            \(Readable.grouped(multiplyAdds)) multiply-adds: \(Readable.fixed(rate, 0)) GOP/s, \
            \(percent(rate / limits.int8Rate)) of the int8 peak (\
            \(Readable.fixed(limits.int8Rate, 0)) GOP/s; float \
            \(Readable.fixed(limits.floatRate, 0)); L3 \(Readable.fixed(limits.readRate, 0)) GB/s)

            """
    }

    /// For programs.
    var json: JSONText {
        let steps = profile.entries.map { entry in
            JSONText.object([
                ("step", .string(entry.note.text)),
                ("once_a_request", .bool(entry.note.rows != .candidate)),
                ("us", .number(entry.microseconds)),
                ("multiply_adds", .integer(entry.multiplyAdds)), ("bytes", .integer(entry.bytes)),
                ("share_of_peak", .number(peakShare(entry))),
                ("share_of_l3", .number(entry.byteRate / limits.readRate)),
            ])
        }
        return .object([
            ("package", .string(package)), ("rows", .integer(profile.rowCount)),
            ("request_us", .number(profile.wholeMicroseconds)), ("steps_us", .number(total)),
            ("multiply_adds", .integer(multiplyAdds)), ("bytes", .integer(bytes)),
            ("int8_peak_gops", .number(limits.int8Rate)),
            ("float_peak_gops", .number(limits.floatRate)),
            ("l3_gb_per_s", .number(limits.readRate)), ("steps", .array(steps)),
        ])
    }

    private func percent(_ share: Double) -> String { Readable.fixed(share * 100, 1) + " %" }
}
