extension Recipe {
    /// Two demands for rental bicycles.
    static let bikeSharing = Recipe(
        name: "bike-sharing-hourly", summary: "casual and registered demand by the hour",
        text: #"""
            # Bike Sharing, hourly: how many bicycles will visitors and subscribers take?
            #
            #     tandem train bike-sharing-hourly.toml hour.csv.gz
            #
            # Two demands over the same inputs. Subscribers ride to work, visitors on fine
            # afternoons, so their patterns differ and each task needs its own use of the experts.

            [model]
            name = "bike-sharing"
            architecture = "mmoe"
            experts = 4
            expert_layers = [64, 32]
            tower_layers = [16]

            [split]
            # By date, never at random: an hour's neighbours would tell on it.
            by = "order"
            order_by = 'date(dteday, "%Y-%m-%d") + hr / 24'
            test_permille = 200
            validation_permille = 100

            # Not among the inputs: instant, a row number; dteday, which never comes again; cnt,
            # which is the sum of the two labels.

            [[feature]]
            columns = ["temp", "atemp", "hum", "windspeed"]
            kind = "numeric"

            [[feature]]
            columns = [
                "season", "yr", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit",
            ]
            kind = "categorical"
            embedding_dim = 8

            [[task]]
            name = "casual"
            kind = "regression"
            label = "casual"
            transform = ["log1p", "standardize"]

            [[task]]
            name = "registered"
            kind = "regression"
            label = "registered"
            transform = ["log1p", "standardize"]

            [training]
            learning_rate = 0.002
            batch_size = 128
            epochs = 40
            patience = 5
            l2 = 0.01
            seed = 1

            [ranking]
            total = "casual + registered"
            """# + "\n")
}
