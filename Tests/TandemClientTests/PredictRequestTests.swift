import Synchronization
import TandemClient
import TandemWire
import Testing

/// What a request looks like when it arrives.
@Suite(.timeLimit(.minutes(1))) struct PredictRequestTests {
    /// A column as it arrived.
    private struct Arrived: Sendable {
        var values = ""
        var listLengths: [UInt32]?
        var presence: [UInt8]?

        init(_ column: ColumnView) {
            switch column.values {
            case .float32(let numbers): values = "\(Array(numbers))"
            case .int64(let integers): values = "\(Array(integers))"
            case .bytes(let blob, let lengths):
                values = "\(String(decoding: blob, as: UTF8.self)) \(Array(lengths))"
            }
            listLengths = column.listLengths.map(Array.init)
            presence = column.presence.map(Array.init)
        }
    }

    /// A request as it arrived.
    private struct Request: Sendable {
        var context: [String: Arrived] = [:]
        var candidates: [String: Arrived] = [:]
        var order: [String] = []
        var deadline: UInt64?
        var priority = 0
        var tasks: [String] = []
        var rows = 0
        var ranking = ""
        var topK: Int?
        var label = ""
    }

    /// Sends a request to a server that writes down what came.
    private func sent(_ request: PredictRequest) throws -> Request {
        let box = Box()
        let server = FakeServer { peer in
            while let view = peer.request() {
                if case .predict(let predict) = view.call { box.write(Self.read(predict)) }
                peer.send(Frames.prediction(view.id, rows: 1))
            }
        }
        _ = try BlockingConnection(path: server.path).predict(request)
        return try #require(box.value)
    }

    private final class Box: Sendable {
        private let mutex = Mutex<Request?>(nil)
        func write(_ request: Request) { mutex.withLock { $0 = request } }
        var value: Request? { mutex.withLock { $0 } }
    }

    private static func read(_ view: PredictView) -> Request {
        var request = Request()
        for column in view.context { request.context[column.name.string] = Arrived(column) }
        for column in view.candidates { request.candidates[column.name.string] = Arrived(column) }
        request.order = view.candidates.map(\.name.string)
        request.deadline = view.deadlineNanoseconds
        request.priority = view.priority
        request.tasks = view.tasks.map(\.string)
        request.rows = view.rows
        request.topK = view.ranking?.topK
        switch view.ranking?.formula {
        case .weightedSum(let terms):
            request.ranking = terms.map { "\($0.task.string) \($0.weight) \($0.column)" }
                .joined(separator: ", ")
        case .powerProduct(let terms): request.ranking = "product of \(terms.count)"
        case .expression(let text), .named(let text): request.ranking = text.string
        case nil: break
        }
        if case .label(let label) = view.version { request.label = label.string }
        return request
    }

    @Test func `sends context values as columns of one row and leaves missing ones out`() throws {
        let request = try sent(
            PredictRequest(
                model: "shop",
                context: [
                    "age": 33.5, "user": 7, "country": "at", "vector": .vector([1, 2]),
                    "seen": .integers([4, 5, 6]), "words": .texts(["red", "blue"]),
                    "height": .number(.nan), "city": .missing, "raw": .bytes([0x41, 0x42]),
                    "empty": .numbers([]),
                ]))
        #expect(request.context["age"]?.values == "[33.5]")
        #expect(request.context["user"]?.values == "[7]")
        #expect(request.context["country"]?.values == "at [2]")
        #expect(request.context["vector"]?.values == "[1.0, 2.0]")
        #expect(request.context["vector"]?.listLengths == nil)
        #expect(request.context["seen"]?.listLengths == [3])
        #expect(request.context["words"]?.values == "redblue [3, 4]")
        #expect(request.context["words"]?.listLengths == [2])
        #expect(request.context["raw"]?.values == "AB [2]")
        #expect(request.context["empty"]?.listLengths == [0])
        #expect(request.context["height"] == nil)
        #expect(request.context["city"] == nil)
        #expect(request.rows == 1)
    }

    @Test func `turns NaN and nil into cleared presence bits`() throws {
        let request = try sent(
            PredictRequest(
                model: "shop",
                candidates: [
                    "price": .numbers([1, .nan, 3]),
                    "full": .numbers([1, 2, 3]),
                    "item": .integers([1, nil, nil]),
                    "shelf": .integers32([1, 2, 3]),
                    "name": .texts(["a", nil, "ccc"]),
                    "vector": .vectors([1, 2, .nan, .nan, .nan, 6], width: 2),
                    "tags": .textLists([["x", "y"], nil, []]),
                ]))
        #expect(request.rows == 3)
        #expect(request.candidates["price"]?.presence == [0b101])
        #expect(request.candidates["full"]?.presence == nil)
        #expect(request.candidates["item"]?.presence == [0b001])
        #expect(request.candidates["item"]?.values == "[1, 0, 0]")
        #expect(request.candidates["shelf"]?.values == "[1, 2, 3]")
        #expect(request.candidates["name"]?.presence == [0b101])
        #expect(request.candidates["name"]?.values == "accc [1, 0, 3]")
        #expect(request.candidates["vector"]?.presence == [0b101])
        #expect(request.candidates["tags"]?.presence == [0b101])
        #expect(request.candidates["tags"]?.listLengths == [2, 0, 0])
        #expect(request.order == request.order.sorted())
    }

    @Test func `clears the right bit in the second byte`() throws {
        var values: [Float] = (0..<9).map { Float($0) }
        values[8] = .nan
        let request = try sent(PredictRequest(model: "shop", candidates: ["x": .numbers(values)]))
        #expect(request.candidates["x"]?.presence == [0xFF, 0x00])
    }

    @Test func `sends choices, tasks and priority`() throws {
        var request = PredictRequest(model: "shop", rows: 4, tasks: ["click", "stars"])
        request.version = .label("stable")
        request.priority = -7
        request.ranking = .weightedSum(
            [.init("click"), .init("stars", weight: 0.5, column: 3)], topK: 2)
        let arrived = try sent(request)
        #expect(arrived.label == "stable")
        #expect(arrived.priority == -7)
        #expect(arrived.rows == 4)
        #expect(arrived.tasks == ["click", "stars"])
        #expect(arrived.ranking == "click 1.0 0, stars 0.5 3")
        #expect(arrived.topK == 2)
        #expect(arrived.deadline == nil)
        request.ranking = .expression("click * 2")
        #expect(try sent(request).ranking == "click * 2")
        request.ranking = .named("value")
        #expect(try sent(request).ranking == "value")
        request.ranking = .powerProduct([.init("click")])
        #expect(try sent(request).ranking == "product of 1")
    }

    @Test func `sends the deadline as a moment of the machine's clock`() throws {
        let before = monotonicNanoseconds()
        let arrived = try sent(PredictRequest(model: "shop", deadline: .seconds(20)))
        let after = monotonicNanoseconds()
        let deadline = try #require(arrived.deadline)
        #expect(deadline >= before + 20_000_000_000)
        #expect(deadline <= after + 20_000_000_000)
    }
}
