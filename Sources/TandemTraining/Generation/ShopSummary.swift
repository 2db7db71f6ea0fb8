/// What a generated log holds, and the best that any model can make of it.
package struct ShopSummary: Hashable, Sendable {
    /// Number of rows.
    package let impressionCount: Int
    /// Rows that were clicked.
    package let clickCount: Int
    /// Clicked rows that were bought.
    package let purchaseCount: Int
    /// AUC of the true chances of a click; a model without the hidden tastes stays below.
    ///
    /// Nil if no row or every row was clicked. Of at most a million rows, evenly spread.
    package let clickAUCMax: Double?
    /// AUC of the true chances of a purchase among the clicked rows; as `clickAUCMax`.
    package let purchaseAUCMax: Double?
}

/// Counts what a shop draws, and keeps the chances of some rows.
struct ShopRecord {
    private let impressionCount: Int
    private let stride: Int
    private var rowCount = 0
    private var clickCount = 0
    private var purchaseCount = 0
    private var clickChances: [Float] = []
    private var clicks: [Double] = []
    private var purchaseChances: [Float] = []
    private var purchases: [Double] = []

    init(impressionCount: Int) {
        self.impressionCount = impressionCount
        stride = impressionCount / 1_000_000 + 1
    }

    mutating func noteImpression(chance: Double, isClick: Bool) {
        rowCount += 1
        clickCount += isClick ? 1 : 0
        guard rowCount % stride == 0 else { return }
        clickChances.append(Float(chance))
        clicks.append(isClick ? 1 : 0)
    }

    /// Of the impression noted last.
    mutating func noteClick(chance: Double, isPurchase: Bool) {
        purchaseCount += isPurchase ? 1 : 0
        guard rowCount % stride == 0 else { return }
        purchaseChances.append(Float(chance))
        purchases.append(isPurchase ? 1 : 0)
    }

    var summary: ShopSummary {
        let ones = [Double](repeating: 1, count: clicks.count)
        return ShopSummary(
            impressionCount: impressionCount, clickCount: clickCount,
            purchaseCount: purchaseCount, clickAUCMax: TaskFigures.auc(clickChances, clicks, ones),
            purchaseAUCMax: TaskFigures.auc(purchaseChances, purchases, ones))
    }
}
