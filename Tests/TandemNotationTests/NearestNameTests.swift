import TandemNotation
import Testing

@Suite struct NearestNameTests {
    let names = ["learning_rate", "batch_size", "epochs", "seed", "label"]

    @Test(arguments: [
        ("learnin_rate", "learning_rate"), ("batch-size", "batch_size"), ("Epochs", "epochs"),
        ("lable", "label"), ("sed", "seed"), ("epoch", "epochs"),
    ])
    func `finds what was meant`(typed: String, meant: String) {
        #expect(NearestName.find(typed, among: names) == meant)
        #expect(NearestName.remedy(typed, among: names) == "did you mean '\(meant)'?")
    }

    @Test(arguments: ["", "dropout", "x", "rate"])
    func `finds nothing where nothing is near`(typed: String) {
        #expect(NearestName.find(typed, among: names) == nil)
    }

    @Test func `names what there is, at most twelve`() {
        #expect(NearestName.remedy("zzz", among: ["a1", "b2"]) == "there are 'a1', 'b2'")
        let many = (0..<20).map { "column\($0)" }
        #expect(NearestName.remedy("zzz", among: many).hasSuffix("'column11', ..."))
        #expect(NearestName.remedy("zzz", among: []).isEmpty)
    }
}
