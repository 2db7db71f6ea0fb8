extension Recipe {
    /// Click, purchase and rating in the generated shop.
    static let shop = Recipe(
        name: "shop-mmoe", summary: "click, purchase after a click, rating after a purchase",
        text: #"""
            # The generated shop: what will be clicked, bought and liked.
            #
            #     tandem generate shop --impressions 200000 --seed 1 --out shop.csv
            #     tandem train shop.toml shop.csv
            #
            # Three tasks over one log. They help each other (taste moves all three) and contradict
            # each other (loud pictures are clicked and then not bought), which is what a mixture of
            # experts is for: each task has a gate of its own over the experts.

            [model]
            name = "shop"
            architecture = "mmoe"
            experts = 4
            expert_layers = [96, 48]
            tower_layers = [24]

            [split]
            # The log is in the order of time. The last rows are the test part, so that users and
            # items that training never saw are among them, as they will be in service.
            by = "order"
            test_permille = 200
            validation_permille = 100

            # What is known once a request: who asks, when, and what they looked at lately.
            # The server computes the user's share of the first layer once, not once an item.
            [[feature]]
            columns = ["user_id"]
            side = "context"
            kind = "categorical"
            dtype = "int64"
            min_count = 3
            embedding_dim = 16

            [[feature]]
            columns = ["country", "segment", "device"]
            side = "context"
            kind = "categorical"

            [[feature]]
            column = "hour"
            side = "context"
            kind = "categorical"
            dtype = "int64"

            [[feature]]
            # Missing in some rows: the mean stands for it, and a column says so.
            column = "age"
            side = "context"
            kind = "numeric"
            transform = ["standardize"]
            missing = "indicator"

            [[feature]]
            column = "tenure_days"
            side = "context"
            kind = "numeric"
            transform = ["log1p", "standardize"]

            [[feature]]
            # The last items clicked before this impression, pooled by mean.
            column = "recent_items"
            side = "context"
            kind = "list"
            dtype = "int64"
            separator = "|"
            max_length = 8
            min_count = 3
            embedding_dim = 16

            [[feature]]
            column = "recent_categories"
            side = "context"
            kind = "list"
            separator = "|"
            max_length = 8

            # What each candidate brings.
            [[feature]]
            column = "item_id"
            kind = "categorical"
            dtype = "int64"
            min_count = 3
            embedding_dim = 16

            [[feature]]
            columns = ["category", "brand"]
            kind = "categorical"

            [[feature]]
            columns = ["price", "item_age_days"]
            kind = "numeric"
            transform = ["log1p", "standardize"]

            [[feature]]
            columns = ["discount", "popularity"]
            kind = "numeric"

            [[feature]]
            # Where in the list it was shown. The log knows, a request does not: leave it missing
            # when ranking and the mean position stands for it, the same for all candidates. With it
            # the model can tell a good item from a good place.
            column = "position"
            kind = "numeric"
            missing = "mean"

            [[task]]
            name = "click"
            kind = "binary"
            label = "click"

            [[task]]
            # Learnt where a click happened: P(purchase | click). P(purchase) is the product.
            name = "purchase"
            kind = "binary"
            label = "purchase"
            given = "click"

            [[task]]
            # 1 to 5, only after a purchase; answered in stars.
            name = "rating"
            kind = "regression"
            label = "rating"
            given = "purchase"
            weight = 0.5

            [training]
            optimizer = "adam"
            learning_rate = 0.002
            batch_size = 512
            epochs = 8
            patience = 2
            l2 = 1.0                    # users and items are many, and rows of each are few
            seed = 1

            [ranking]
            # Callers can ask for these by name.
            value = "click * purchase * rating"
            engagement = "click"
            """# + "\n")
}
