import TandemGraph
import TandemTraining
import Testing

/// Whatever is typed, a spec is read or refused; it never stops the program.
@Suite struct HostileSpecTests {
    @Test func `reads or refuses recipes with characters dropped, doubled and changed`() throws {
        var random = RandomSource(seed: 5)
        let marks = Array("[]{}\"'=.,#\n\\-1a ".utf8)
        var refusals = 0
        for round in 0..<160 {
            var bytes = Array(Recipe.all[round % Recipe.all.count].text.utf8)
            for _ in 0...(round % 3) {
                let at = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes.remove(at: at)
                case 1: bytes.insert(marks[Int(random.next() % UInt64(marks.count))], at: at)
                default: bytes[at] = marks[Int(random.next() % UInt64(marks.count))]
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do throws(TrainingError) {
                _ = try TrainingSpec(text)
            } catch {
                refusals += 1
                #expect(error.line != nil || error.code == .missingKey, "\(error)")
            }
        }
        #expect(refusals > 40)
    }

    @Test func `reads or refuses expressions of any characters`() throws {
        var random = RandomSource(seed: 6)
        let pieces = [
            "a", "1", "2.5", "'x'", "`b c`", "(", ")", "+", "-", "*", "/", "<", ">=", "==", "!=",
            " and ", " or ", " not ", "number(", "date(", "missing(", ",", "'", "`", "%", "é", ".",
        ]
        var parsed = 0
        for _ in 0..<1500 {
            let count = 1 + Int(random.next() % 8)
            let text = (0..<count).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
                .joined()
            do throws(TrainingError) {
                _ = try Expression(text)
                parsed += 1
            } catch {
                #expect(error.code == .invalidExpression)
                #expect((1...text.count + 1).contains(error.actual ?? 0), "\(text)")
            }
        }
        #expect(parsed > 25)
    }
}
