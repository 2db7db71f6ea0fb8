import TandemTraining
import Testing

@Suite struct TrainingErrorTests {
    @Test func `prints place, problem, remedy and code on one line`() {
        let error = TrainingError(.notANumber, "'abc' is not a number", remedy: "mend it")
            .with(\.file, "a.csv").with(\.line, 7).with(\.column, "age").with(\.columnNumber, 3)
        #expect(
            error.description
                == "a.csv:7: column 3 'age': 'abc' is not a number; mend it (notANumber)")
    }

    @Test func `names the key of a spec`() {
        let error = TrainingError(.unknownKey, "is not a key here")
            .with(\.line, 4).with(\.key, "task[0].lable")
        #expect(error.message == "line 4: task[0].lable: is not a key here")
    }

    @Test func `keeps the file and line that it already has`() {
        let error = TrainingError(.emptyInput, "has no row").with(\.file, "a.csv")
        #expect(error.at(file: "b.csv", line: 2).file == "a.csv")
        #expect(error.at(file: "b.csv", line: 2).line == 2)
    }
}
