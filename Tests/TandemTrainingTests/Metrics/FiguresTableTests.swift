import TandemTraining
import Testing

@Suite struct FiguresTableTests {
    let click = TaskFigures(
        task: "click", kind: "binary", rowCount: 1234, values: [.auc: 0.75126, .logLoss: 0.5])
    let demand = TaskFigures(
        task: "demand \"x\"", kind: "regression", rowCount: 7,
        values: [.rmse: 12_345.678, .r2: -0.00004, .mae: 123.456])

    @Test func `aligns the figures that some line has`() {
        #expect(
            FiguresTable([click, demand]).text == """
                task        kind        rows     AUC  log loss   RMSE     MAE      R2
                click       binary      1234  0.7513    0.5000      -       -       -
                demand "x"  regression     7       -         -  12346  123.46  0.0000

                """)
    }

    @Test func `tells lines of one task apart`() {
        let rows = ["float", "int8"].map { FiguresTable.Row(label: $0, figures: click) }
        #expect(
            FiguresTable(rows: rows).text == """
                task          kind    rows     AUC  log loss
                click  float  binary  1234  0.7513    0.5000
                click  int8   binary  1234  0.7513    0.5000

                """)
    }

    @Test func `writes JSON in full precision`() {
        #expect(
            FiguresTable(rows: [.init(label: "int8", figures: click), .init(figures: demand)]).json
                == """
                [{"task": "click", "label": "int8", "kind": "binary", "rows": 1234, \
                "auc": 0.75126, "log_loss": 0.5}, {"task": "demand \\"x\\"", \
                "kind": "regression", "rows": 7, "rmse": 12345.678, "mae": 123.456, "r2": -4e-05}]
                """)
    }
}
