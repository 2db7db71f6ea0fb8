import TandemFeatures
import Testing

@Suite struct FeatureErrorTests {
    @Test func `prints on one line, with its code`() {
        let error = FeatureError(
            .notANumber, "price", "row 3 is NaN; say that a value is missing", row: 3)
        #expect(
            "\(error)"
                == "feature: price: row 3 is NaN; say that a value is missing (notANumber)")
        #expect(error.row == 3 && error.limit == nil && error.actual == nil)
    }
}
