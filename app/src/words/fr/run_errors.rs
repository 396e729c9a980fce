//! Why a file or a text is no run that can be shown, in French.

use moescope_run_file::RunError;
use moescope_run_file::import::ImportError;

pub fn run(err: &RunError) -> String {
    match err {
        RunError::TooLarge { bytes, most } => {
            format!("il fait {bytes} octets, et on ouvre des exécutions jusqu’à {most} octets")
        }
        RunError::Carrier(why) => format!("ce n’est pas un fichier safetensors entier ({why})"),
        RunError::NoRun => {
            "c’est un fichier safetensors, mais son en-tête n’annonce pas d’exécution enregistrée".into()
        }
        RunError::Version { got, known } => {
            format!("il est de la version {got} du format, et ce programme lit la version {known}")
        }
        RunError::Header(why) => format!("son en-tête est illisible ({why})"),
        RunError::Missing { name } => format!("le tableau {name} manque"),
        RunError::Type { name, expected, got } => {
            format!("le tableau {name} contient du {got} au lieu de {expected}")
        }
        RunError::Shape {
            name,
            dims,
            expected,
            got,
        } => format!("le tableau {name} a la forme {got:?}, où {expected:?} est attendu pour {dims:?}"),
        RunError::Limit { got, most, what } => {
            format!("une de ses tailles ({what}) est {got}, plus que les {most} qu’on peut montrer")
        }
        RunError::Expert { got, n_experts } => {
            format!("l’expert {got} est choisi, mais le modèle en a {n_experts}")
        }
        RunError::Count { what, told, held } => {
            format!("ses générations annoncent {told} ({what}), et ses tableaux en contiennent {held}")
        }
        RunError::Offsets { name } => format!("les décalages de {name} ne partagent pas ses octets"),
        RunError::Position { position, tokens } => {
            format!("la position {position} a été calculée, mais il n’y a que {tokens} jetons")
        }
    }
}

pub fn import(err: &ImportError) -> String {
    match err {
        ImportError::Unknown => "ce n’est ni un fichier d’exécution, ni une trace de MoE Atlas, ni un CSV moe-trace, ni une réponse de vLLM ou de SGLang avec `routed_experts`".into(),
        ImportError::TooLong { bytes, most } => {
            format!("il fait {bytes} octets, et on lit des textes jusqu’à {most} octets")
        }
        ImportError::Line { line, what } => format!("la ligne {line} n’est pas conforme au format ({what})"),
        ImportError::Field { field } => format!("`{field}` manque ou n’est pas conforme au format"),
        ImportError::Base64(why) => format!("son base64 est abîmé ({why})"),
        ImportError::Npy(why) => format!("son tableau NumPy est abîmé ({why})"),
        ImportError::Uneven { what, got, into } => {
            format!("{got} nombres ne se partagent pas en {into} ({what})")
        }
        ImportError::NoShape => "une réponse de SGLang ne dit pas combien d’experts un jeton choisit dans combien de couches ; ajoutez-y les nombres \"moe_layers\" et \"top_k\"".into(),
        ImportError::Choices {
            token,
            layer,
            got,
            top_k,
        } => format!("le jeton {token} nomme {got} experts dans la couche {layer}, où il en faut {top_k}"),
        ImportError::Mixed { first, other } => {
            format!("ses traces sont de modèles différents ({first} et {other})")
        }
        ImportError::Expert(id) => format!("il nomme l’expert {id}, qu’aucun modèle n’a"),
        ImportError::Empty => "aucun jeton n’y a choisi d’expert".into(),
        ImportError::Run(why) => run(why),
    }
}
