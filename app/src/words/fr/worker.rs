//! What the worker tells, in French.

use crate::protocol::{Executor, Told, Why};

pub fn told(told: &Told) -> String {
    match told {
        Told::Text(text) => text.clone(),
        Told::NoAnswer(why) => format!("Aucune réponse n’a pu être faite : {why}."),
        Told::TooLong { tokens, capacity } => format!("Avec ce qui précède, la question compte {tokens} jetons, et le contexte en tient {capacity}. Raccourcissez-la, ou commencez une nouvelle conversation."),
        Told::NoBranch => "La réponse ne peut pas continuer autrement à cet endroit : la conversation qui précède a été réécrite depuis, ou le jeton termine une réponse.".into(),
        Told::NotKept(why) => format!("Le modèle n’est pas gardé dans ce navigateur et sera téléchargé de nouveau la prochaine fois : {why}."),
        Told::NotExamined(why) => format!("Ce jeton n’a pas pu être regardé de près : {why}."),
        Told::NotMeasured(why) => format!("Cet appareil n’a pas pu être mesuré : {why}."),
        Told::FileNotCompared { name, why } => format!("{name} n’a pas pu être comparé : {why}."),
        Told::NotAFile => "Une référence est un fichier de cet appareil.".into(),
        Told::NotCompared(why) => format!("Le modèle arrondi n’a pas pu être comparé : {why}."),
        Told::NotDeleted(why) => format!("Le modèle gardé n’a pas pu être supprimé : {why}."),
        Told::OddTemplate(why) => format!("Le modèle pourrait répondre de travers : {why}."),
        Told::Fault(why) => format!("Le moteur s’est arrêté sur une faute à lui ({why}). Rechargez la page ; merci de le signaler."),
        Told::Unknown(why) => format!("La page a demandé quelque chose d’inconnu ({why}). Rechargez la page."),
        Told::NoModel => "Il n’y a pas encore de modèle. Ouvrez un fichier .gguf, ou rechargez la page.".into(),
        Told::NothingToExamine => "Il n’y a pas de modèle avec lequel regarder de près.".into(),
        Told::NothingToCompare => "Il n’y a pas de conversation sur laquelle comparer.".into(),
        Told::NotLoaded { name, why } => format!("{name} n’a pas pu être chargé : {why}."),
        Told::TooLarge { megabytes, most } => format!("Ce modèle est trop grand pour tenir à côté d’un autre dans la page ({megabytes} Mo, {most} au plus)."),
        Told::Versions { page, worker } => format!("La page parle la version {page} de son protocole et son moteur la version {worker} : rechargez la page."),
    }
}

pub fn why(why: &Why) -> String {
    let text = match why {
        Why::Text(text) => text,
        Why::AskedFor(Executor::Cpu) => "l’adresse le demande par ?executor=cpu",
        Why::AskedFor(Executor::Gpu) => "l’adresse le demande par ?executor=gpu",
        Why::GpuIsThere => "il y a un processeur graphique",
        Why::NoAdapter => "ce navigateur n’offre aucun adaptateur WebGPU",
        Why::SoftwareAdapter => "l’adaptateur WebGPU de ce navigateur est lui-même un programme du processeur",
    };
    text.to_owned()
}
