import CTandemProto
import Foundation
import TandemWire
import Testing

/// Decoders with an arena of their own, and what tests need around them.
struct WireFixture {
    let arena: ArenaAllocator
    var limits = WireLimits()

    init(arenaBytesMax: Int = WireLimits().arenaBytesMax) throws {
        arena = try ArenaAllocator(capacity: arenaBytesMax)
    }

    /// Decodes a request from a payload.
    func request(_ payload: [UInt8]) throws(WireError) -> RequestView {
        // The view borrows from the arena, not from the payload.
        let decoder = RequestDecoder(limits: limits, arena: arena)
        return try payload.withUnsafeBytes { bytes in
            Result { () throws(WireError) in try decoder.decode(bytes) }
        }.get()
    }

    /// Decodes a Predict request from a payload.
    func predict(_ payload: [UInt8]) throws -> PredictView {
        guard case .predict(let view) = try request(payload).call else {
            throw WireError(.callMissing, "not a Predict request")
        }
        return view
    }

    /// Decodes a response from a payload.
    func response(_ payload: [UInt8]) throws(WireError) -> ResponseView {
        let decoder = ResponseDecoder(arena: arena)
        return try payload.withUnsafeBytes { bytes in
            Result { () throws(WireError) in try decoder.decode(bytes) }
        }.get()
    }

    /// A Predict request's payload.
    func payload(_ message: PredictRequestMessage, id: UInt64 = 7) throws -> [UInt8] {
        try Self.payload(of: RequestEncoder(arena: arena).predict(id: id, message).bytes)
    }

    /// The refusal of a payload.
    func refusal(_ payload: [UInt8]) -> WireError? {
        do throws(WireError) {
            _ = try request(payload)
            return nil
        } catch {
            return error
        }
    }

    /// The payload of a frame, as the frame reader finds it.
    static func payload(of frame: [UInt8]) throws -> [UInt8] {
        let scan = frame.withUnsafeBytes { FrameReader().scan($0) }
        guard case .frame(let payload) = scan, payload.upperBound == frame.count else {
            throw WireError(.malformed, "not one whole frame")
        }
        return Array(frame[payload])
    }
}

/// A random generator whose runs can be repeated (splitmix64, Steele et al.
///
/// 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Reads everything a view gives, so that a bad pointer or length shows.
enum Reading {
    /// A number that depends on every byte of the request.
    static func digest(_ view: RequestView) -> UInt64 {
        var sum = view.id
        guard case .predict(let predict) = view.call else { return sum }
        func add(_ bytes: UnsafeRawBufferPointer) {
            for byte in bytes { sum = sum &* 31 &+ UInt64(byte) }
        }
        add(predict.model.bytes)
        for task in predict.tasks { add(task.bytes) }
        for column in Array(predict.context) + Array(predict.candidates) {
            add(column.name.bytes)
            switch column.values {
            case .float32(let values): add(UnsafeRawBufferPointer(values))
            case .int64(let values): add(UnsafeRawBufferPointer(values))
            case .bytes(let blob, let lengths):
                add(blob)
                add(UnsafeRawBufferPointer(lengths))
            }
            if let lengths = column.listLengths { add(UnsafeRawBufferPointer(lengths)) }
            if let presence = column.presence { add(presence) }
        }
        switch predict.ranking?.formula {
        case .weightedSum(let terms), .powerProduct(let terms):
            for term in terms { add(term.task.bytes) }
        case .expression(let text), .named(let text): add(text.bytes)
        case nil: break
        }
        return sum
    }
}
