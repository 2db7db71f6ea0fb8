import TandemClient
import TandemWire
import Testing

/// The example of the room's documentation, compiled and run.
@Suite(.timeLimit(.minutes(1))) struct DocumentationTests {
    @Test func `the first example of the documentation runs`() async throws {
        let server = FakeServer { peer in
            while let request = peer.request() {
                peer.send(Frames.prediction(request.id, rows: 3, ranked: 2))
            }
        }
        let connection = try await AsyncConnection.connect(path: server.path)
        let prediction = try await connection.predict(
            PredictRequest(
                model: "shop",
                context: ["user": "anna", "hour": 18.0],
                candidates: [
                    "item": .integers([101, 102, 103]),
                    "price": .numbers([9.5, .nan, 20]),
                ],
                ranking: .weightedSum([.init("click"), .init("purchase", weight: 5)], topK: 2),
                deadline: .seconds(20)))
        #expect(prediction.ranked?.map(\.row) == [2, 1])
    }
}
