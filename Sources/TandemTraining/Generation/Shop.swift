import TandemGraph

/// The invented shop: users, items and how they meet; `ShopGenerator` states the rules.
struct Shop {
    private static let countries = ["DE", "FR", "GB", "IT", "ES", "PL", "NL", "SE"]
    private static let segments = ["bargain", "regular", "premium"]
    private static let devices = ["phone", "desktop", "tablet"]
    private static let usualPrices = [12.0, 30.0, 80.0]
    private static let categoryCount = 24
    private static let brandCount = 60
    private static let historyLength = 8
    private static let dayCount = 28

    private struct User {
        var tastes: SIMD4<Double>
        var age: Int?
        var country: Int
        var segment: Int
        var tenureDays: Int
        var history: [Int] = []
    }

    private struct Item {
        var tastes: SIMD4<Double>
        var category: Int
        var brand: Int?
        var price: Double
        var appeal: Double
        var quality: Double
        var popularity: Double
        var bornDay: Int
    }

    private let impressionCount: Int
    private var random: RandomSource
    private var users: [User] = []
    private var items: [Item] = []
    private var spareNormal: Double?
    /// What was drawn, and with which chances.
    private(set) var record: ShopRecord

    init(impressionCount: Int, seed: UInt64) {
        self.impressionCount = impressionCount
        random = RandomSource(seed: seed)
        record = ShopRecord(impressionCount: impressionCount)
        let userCount = max(20, impressionCount / 40)
        let itemCount = max(60, impressionCount / 100)
        for index in 0..<userCount { users.append(makeUser(share(index, userCount))) }
        for index in 0..<itemCount { items.append(makeItem(share(index, itemCount))) }
    }

    /// How far into the log something appears first: three quarters are there from the start.
    private func share(_ index: Int, _ count: Int) -> Double {
        max(0, (Double(index) / Double(count) - 0.75) * 4)
    }

    // MARK: One impression

    mutating func appendImpression(_ row: Int, to line: inout CSVLine) {
        let progress = Double(row) / Double(impressionCount)
        let day = Int(progress * Double(Self.dayCount))
        let hour = below(24)
        let userIndex = pick(users.count, progress, skew: 1)
        let itemIndex = shownItem(userIndex, progress)
        let user = users[userIndex]
        let item = items[itemIndex]
        let position = 1 + below(10)
        let seenCategory = user.history.contains { items[$0].category == item.category }
        let taste = Self.dot(user.tastes, item.tastes) / 2
        let discount = uniform() < 0.2 ? 0.05 * Double(1 + below(8)) : 0

        line.field(day)
        line.field(hour)
        line.field(userIndex + 1)
        line.field(user.age)
        line.field(Self.countries[user.country])
        line.field(Self.segments[user.segment])
        line.field(Self.devices[pick(3, 1, skew: 1.5)])
        line.field(user.tenureDays + day)
        line.field(user.history.map { String($0 + 1) }.joined(separator: "|"))
        line.field(categories(of: user.history))
        line.field(itemIndex + 1)
        line.field(Self.name("c", item.category))
        line.field(item.brand.map { Self.name("b", $0) } ?? "")
        line.field(item.price, places: 2)
        line.field(discount, places: 2)
        line.field(max(0, day - item.bornDay))
        line.field(item.popularity, places: 3)
        line.field(position)
        let evening = (18...22).contains(hour)
        let clickChance = Self.sigmoid(
            -2.1 + 1.1 * taste + 0.9 * item.appeal + (seenCategory ? 0.7 : 0)
                - 0.12 * Double(position - 1) + (evening ? 0.25 : 0))
        let click = uniform() < clickChance
        record.noteImpression(chance: clickChance, isClick: click)
        appendOutcome(
            click, user, item, taste: taste, discount: discount, seenCategory: seenCategory,
            to: &line)
        if click { remember(itemIndex, userIndex) }
    }

    private mutating func appendOutcome(
        _ click: Bool, _ user: User, _ item: Item, taste: Double, discount: Double,
        seenCategory: Bool, to line: inout CSVLine
    ) {
        guard click else {
            line.append("0,0,,\n")
            return
        }
        let relativePrice = PortableMath.log(item.price / Self.usualPrices[user.segment])
        let purchaseChance = Self.sigmoid(
            -1.1 + 0.8 * taste + item.quality - 0.6 * item.appeal - 0.7 * relativePrice
                + 2 * discount + (seenCategory ? 0.4 : 0))
        let purchase = uniform() < purchaseChance
        record.noteClick(chance: purchaseChance, isPurchase: purchase)
        line.field(1)
        line.field(purchase ? 1 : 0)
        let ratingMean = 3.5 + 0.9 * item.quality - 0.5 * item.appeal + 0.4 * taste
        let rating = (ratingMean + 0.6 * normal()).rounded()
        line.field(purchase ? Int(min(max(rating, 1), 5)) : nil)
        let dwell = PortableMath.exp(2.6 + 0.5 * item.quality + 0.4 * taste + 0.6 * normal())
        line.field(min(dwell, 3600), places: 1)
        line.endLine()
    }

    /// The logged policy: the best of three by a noisy score, which biases the log.
    private mutating func shownItem(_ user: Int, _ progress: Double) -> Int {
        var best = 0
        var bestScore = -Double.infinity
        for _ in 0..<3 {
            let candidate = pick(items.count, progress, skew: 1.3)
            let score =
                Self.dot(users[user].tastes, items[candidate].tastes) / 2
                + 0.7 * items[candidate].popularity + normal()
            if score > bestScore { (best, bestScore) = (candidate, score) }
        }
        return best
    }

    private mutating func remember(_ item: Int, _ user: Int) {
        users[user].history.append(item)
        if users[user].history.count > Self.historyLength { users[user].history.removeFirst() }
    }

    private func categories(of history: [Int]) -> String {
        history.map { Self.name("c", items[$0].category) }.joined(separator: "|")
    }

    // MARK: Making

    private mutating func makeUser(_ appears: Double) -> User {
        let isNewcomer = appears > 0
        return User(
            tastes: tastes(), age: uniform() < 0.08 ? nil : 18 + Int(uniform() * uniform() * 60),
            country: pick(Self.countries.count, 1, skew: 1.5),
            segment: below(3),
            tenureDays: isNewcomer ? 0 : Int(uniform() * uniform() * 2000))
    }

    private mutating func makeItem(_ appears: Double) -> Item {
        let appeal = normal() * 0.7
        let quality = -0.4 * appeal + normal() * 0.65
        return Item(
            tastes: tastes(), category: pick(Self.categoryCount, 1, skew: 1.2),
            brand: uniform() < 0.05 ? nil : pick(Self.brandCount, 1, skew: 1.5),
            price: max(1, PortableMath.exp(3.2 + 0.8 * normal() + 0.2 * quality)), appeal: appeal,
            quality: quality, popularity: uniform(),
            bornDay: Int(appears * Double(Self.dayCount)))
    }

    private mutating func tastes() -> SIMD4<Double> {
        SIMD4(normal(), normal(), normal(), normal())
    }

    // MARK: Random numbers

    /// An index below what is there at this progress; low indices come more often with more skew.
    private mutating func pick(_ count: Int, _ progress: Double, skew: Double) -> Int {
        let available = max(1, Int(Double(count) * min(1, 0.75 + 0.25 * progress)))
        let position = skew == 1 ? uniform() : PortableMath.pow(uniform(), skew)
        return min(Int(position * Double(available)), available - 1)
    }

    private static func sigmoid(_ logit: Double) -> Double { 1 / (1 + PortableMath.exp(-logit)) }

    /// A whole number in `0 ..< bound`; the standard library's own may change with its version.
    private mutating func below(_ bound: Int) -> Int { Int(uniform() * Double(bound)) }

    private mutating func uniform() -> Double { Double(random.next() >> 11) * 0x1p-53 }

    /// A normal number by the polar method (Marsaglia and Bray, 1964); every second one is kept.
    private mutating func normal() -> Double {
        if let spare = spareNormal {
            spareNormal = nil
            return spare
        }
        while true {
            let x = uniform() * 2 - 1
            let y = uniform() * 2 - 1
            let square = x * x + y * y
            guard square > 0, square < 1 else { continue }
            let factor = (-2 * PortableMath.log(square) / square).squareRoot()
            spareNormal = y * factor
            return x * factor
        }
    }

    private static func dot(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> Double { (a * b).sum() }

    private static func name(_ prefix: String, _ index: Int) -> String {
        index < 10 ? "\(prefix)0\(index)" : "\(prefix)\(index)"
    }
}
