//! French. In it zero and one are singular, and `?`, `!`, `:` and `;` stand after a no-break space.

use super::{Alert, Composer, Direction, Kv, Numbers, Views, Words};
use crate::format::count;

/// `1 jeton`, `2 jetons`.
fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number < 2 { one } else { many })
}

pub static WORDS: Words = Words {
    tag: "fr",
    name: "Français",
    direction: Direction::LeftToRight,
    numbers: Numbers {
        decimal: ",",
        group: "\u{202f}",
        byte: "o",
        bit: "bit",
        tokens: |number| plural(number, "jeton", "jetons"),
        positions: |number| plural(number, "position", "positions"),
        layers: |number| plural(number, "couche", "couches"),
        of: |part, whole| format!("{part} sur {whole}"),
    },
    alert: Alert { dismiss: "Fermer" },
    composer: Composer {
        prompt: "Invite",
        placeholder: "Posez une question",
        send: "Envoyer",
        stop: "Arrêter",
        new_chat: "Nouvelle conversation",
        sampling: "Échantillonnage",
        editing: "Vous réécrivez un message antérieur. Ce qui le suit est conservé comme version précédente.",
        leave: "Le laisser tel quel",
        full: "Le contexte est plein : le cache KV n’a plus de place pour un jeton. Commencez une nouvelle conversation pour continuer.",
        model_is_loading: "le modèle se charge ; vous pouvez déjà écrire",
        reading: "lecture de l’invite…",
        reading_of: |done, total| {
            format!(
                "lecture de l’invite : {} sur {}",
                count(done),
                plural(total, "jeton", "jetons")
            )
        },
        writing: "écriture…",
        stopping: "arrêt…",
    },
    kv: Kv {
        title: "Cache KV",
        empty: "Vide. Les clés et les valeurs de chaque jeton y seront conservées, pour que les jetons suivants puissent s’y reporter.",
        positions: "Positions conservées",
        positions_story: "Les clés et les valeurs d’autant de jetons sont conservées, pour que les jetons suivants puissent s’y reporter. Le cache est prévu pour toutes les positions du contexte.",
        held: "Octets occupés",
        held_story: "Positions conservées par une couche × octets par position, en somme sur les couches, juste après l’écriture de ce jeton. Une couche à fenêtre glissante ou à convolution ne garde que ce que ses jetons voient encore, et un peu de quoi revenir en arrière.",
        reserved: "Octets réservés",
        reserved_story: "Ce qui a été mis de côté au chargement du modèle : positions prévues × octets par position, en somme sur les couches.",
        growth: "Croissance par jeton",
        growth_story: "Ce qu’ajoute une position de plus, dans le format du cache, sur les couches qui grandissent encore : un vecteur de clé et un vecteur de valeur par tête KV, ou un latent.",
        read: "Lu pour ce jeton",
        read_story: "Ce que ce jeton lit des positions qu’il voit, la sienne comprise, en somme sur les couches.",
        picture: |held, reserved, layers| {
            format!(
                "{held} occupés sur {reserved} réservés, pour {}",
                plural(layers, "couche", "couches")
            )
        },
        by_layer: "Par couche",
        layer: "couche",
        keeps: "conserve",
        layer_held: "occupé",
        layer_read: "lu",
    },
    views: Views {
        navigation: "Vues",
        overview: "Aperçu",
        economics_group: "Économie",
        experts_group: "Experts",
        memory_group: "Mémoire",
        plan_group: "Coût",
        time_group: "Temps",
        cost: "Ce jeton",
        experts: "Ce jeton",
        kv: "Cache KV",
        prediction: "Prédiction",
        raster: "Une couche",
    },
};
