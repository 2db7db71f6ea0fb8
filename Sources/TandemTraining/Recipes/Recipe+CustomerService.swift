extension Recipe {
    /// What customers want, from a frozen sentence encoder.
    static let customerService = Recipe(
        name: "customer-service", summary: "intent and category of a request, from its text",
        text: #"""
            # Bitext customer support: what does a customer want, and of what kind is it?
            #
            #     tandem train customer-service.toml bitext_customer_support_20k.csv.gz
            #
            # A sentence encoder that somebody trained turns each text into numbers, once; only the
            # heads over it are trained. The package that comes of it holds both and takes raw text.
            # The encoder is a package too, made of an ONNX file and its tokeniser:
            #
            #     tandem import minilm/model.onnx --features minilm/features.toml \
            #         --out models/minilm/1
            #
            # where features.toml binds the text to the model's inputs:
            #
            #     [[feature]]
            #     name = "text"
            #     input = "input_ids"
            #     kind = "text"
            #     tokenizer = "tokenizer.json"
            #     mask_input = "attention_mask"
            #     segment_input = "token_type_ids"
            #
            # The texts of this set were generated from few seeds, so that those of the test part
            # have near twins in training: its figures show that all is well, not how good it is.

            [model]
            name = "customer-service"
            architecture = "shared-bottom"
            bottom_layers = [128]
            tower_layers = []

            [[feature]]
            column = "utterance"
            kind = "text"
            encoder = "models/minilm/1"

            # Neither label is an input of the other's task: an intent has one category.

            [[task]]
            name = "intent"
            kind = "multiclass"
            label = "intent"

            [[task]]
            name = "category"
            kind = "multiclass"
            label = "category"

            [training]
            learning_rate = 0.003
            batch_size = 128
            epochs = 20
            patience = 3
            seed = 1
            """# + "\n")
}
