/**
 * The 2,000 commonest English stems, the commonest first, without stop words. Texts of computing weigh in as well: the order
 * is that of the tokens of the o200k_base encoding (package `gpt-tokenizer`, MIT), of which only words among the 20,000
 * commonest of the GloVe vocabulary (public domain, PDDL) were kept.
 */
const STEMS =
  "con pro com new return que int par get all de class public per out und man pre est set more str inter " +
  "col part on void self app def time ani over die del work function add van us els para der data privat " +
  "acc end other off year like name need act mai le true min real che por lo bet met valu val med det " +
  "fals type sur make result sub java list first import back start onli string inform form look static " +
  "best under tran most find person help peopl car want don long final read test everi know mon well den " +
  "hand mod through pol user opt requir sim right pass stud veri web dec sol product case good bel down " +
  "bu two see post pour high after even now art men una file mark mani la cal wai much dem said try " +
  "number event here plai ca print fin kei log dai item differ pa last sin program word text current " +
  "great in sign becaus home free befor process onlin take own child view cap da break top size sit show " +
  "model design sal check world week son book mit think busi again system call cent point be mat made " +
  "each run place found open support creat pat como super line cho order servic develop method custom " +
  "quest state next life request follow care vol arrai beg expect mar organ same intern local site style " +
  "realli pop main net pai default must dan von game object direct fun avail fact around rest between old " +
  "sai non market term error android still ang plu without month ma disc offer go both ben project max " +
  "put page report build ann love leg client come color fri cost second content path eng few port lim " +
  "full access effect kan compani messag stand head feel pot level document team mill health sure experi " +
  "invest field lot thing small tabl iss won sex mom protect respons alwai consid present chang perform " +
  "job rang dure keep review littl do three water input interest better room websit link includ big power " +
  "index school hard code catch plan famili doubl success got within date account sam someth bit left " +
  "group might element control special provid red count bar total base anoth imag area sinc bodi give gen " +
  "hot war extend kind search air assert social contact record echo turn email fore action bed abl less " +
  "allow address never target materi dig titl ask context video grow sent profess bui dom option consol " +
  "monei price version children law nov au match posit ing map await short updat lat visit hal todai dire " +
  "blog door lead possibl far meet cours cam done qualiti research yang awai moment cell light label sum " +
  "understand easi food past four mind along begin sourc seem throw enjoi hous alreadi softwar side exist " +
  "cover properti ten given download width emploi block against perfect larg float din individu win " +
  "certain low camp elect fund learn di via statu student sort thought amount valid hat live have inc " +
  "land tool displai singl talk node until ant len govern treat height cult clean load simpl togeth onc " +
  "output select mean origin card actual often either bad problem dam deal commun connect mass bon later " +
  "quick night specif tal ever stori initi featur detail author below store continu space sever question " +
  "countri instanc cook face enough send press exampl member studi host extra particular becom citi " +
  "player major media button hold write yet stai save locat favor font teach hour oder miss women share " +
  "pie copi abov least nam friend focu repres due applic reason season row walk pick wait across close " +
  "period auto move futur ago track click task inn handl pal common pack clear comment info discuss music " +
  "human subject network ren role minut global tell though hope box length everyth relat strong complet " +
  "known front tax film whether seri heart young fall respect watch bring dar choos instal happen fast " +
  "stop histori someon wie phone pet popular window industri ag uniqu enter million ad fit articl collect " +
  "came exam charact addit near join tim environ previou overrid variou prop devic render accept regist " +
  "profession energi black limit parent went step gener column format server engin pen earli weight dim " +
  "answer idea whole took normal issu password cut appli receiv express beauti suggest mel anyth correct " +
  "train switch regard center draw seen internet screen among sing lang wonder prior tag session interfac " +
  "impact remov natur rate rap loss cannot relationship sec technolog brand command exact comfort " +
  "background platform grand implement percent hotel half except sen pan compon condit travel manag " +
  "believ foot languag claim dog potenti fire staff white simpli five ill descript entir casino everyon " +
  "bud difficult further stock ger root gam token han paper yourself forward filter mir taken contract " +
  "tech bill refer activ howev quit ensur border mode similar insid soon dal tom almost financi board " +
  "plant doc modern fan era tab stream nur credit offic latest third bank lower signific noth effort " +
  "regular fill bin mid fra told tour usual readi especi deliv recommend standard risk probabl tar digit " +
  "increas accord caus section hit fail song transform knowledg approach mobil bag lie happi sale choic " +
  "matter coupl recent secur drug entri pretti higher publish frame offici purchas ga prevent sun machin " +
  "virtual sound round parti prefer concern touch arch oil nice progress temper longer resourc six pain " +
  "sell treatment esp graph note menu held drive hun random outsid rather anyon worth upon polici solut " +
  "distribut written comput multipl confirm reach instead leav unit appear feed san safe transport speed " +
  "ground kid legal assist nation medic behind rom easili late flow averag educ databas opportun skill " +
  "throughout ball norm cha till affect icon paint storag proper candid region varieti skin excel chat " +
  "complex fort death cop chanc quickli cross deep hair lock insur built wish seek patient cart necessari " +
  "cool tree wide band nan memori consult wrong rememb header empti slot releas town practic movi star " +
  "growth saw discov abil pap pattern photo hai tan expert favorit ton floor margin charg tend pool avoid " +
  "improv god daili score equip firm capt liter analysi convert career roll amaz boi demand concept trust " +
  "bath sens directli club alert aspect gold buffer goal vie thread notic mention blood decis owner " +
  "associ deliveri adult attent rob attempt rock morn categori shall pictur bottom verb colleg essenti " +
  "road commit sleep earn sold woman solid situat lost goe itself benefit modul trip smart cab green " +
  "profil structur drink girl dark transfer contain consist rat highli led driver fine fresh offset " +
  "myself capit nut piec cat ideal fat shop primari defin finish warm bak guid ban prime seriou edit dead " +
  "safeti themselv mount former stress pub payment fix wood scale distanc summer channel rais cash push " +
  "stuff bur sport strength stage conduct camera basic drop counter rent entiti definit oper fair partner " +
  "align vehicl huge certainli respond basi forc obtain shape constant birth hear fest rule paramet ey " +
  "sea depend essai fulli flag rout theme commerci cultur purpos wall exactli statement measur gran " +
  "packag vector licens surfac mix construct motor pow lag slow decid dream involv physic cast editor " +
  "intent fight cooki carri tip blue vent felt degre lab pressur secret lan reserv paid master budget " +
  "solo dry toward gem mother middl spot cum symbol doll sometim spend kitchen core mail mayb dump babi " +
  "sat soft shown gave sampl specifi attack assess mundo straight pin layer letter adjust otherwis hop " +
  "becam dent polic expo rank campaign court gift browser anti modifi contra rich labor damag began " +
  "argument reduc coach panel micro arm presid tri diver polit suppli serv healthi advic heard dress " +
  "trade layout maximum largest grid princip speak heat pair tradit produc balanc bat writer exit monitor " +
  "al tam weekend sac overal tel immedi greater sand mile agre fabric spirit strategi employe expand " +
  "batter hospit stack casa serial ship insert topic mask volum reader truli diet gut metal glass feet " +
  "setup audio extrem variabl appropri central minimum easier diseas correspond della weather album adapt " +
  "warrant edg himself thank scene bonu electr knew ol sector wind scienc compar spent farm eat alon " +
  "broad visual pad librari race announc mac figur brought sul econom vast attract beach wet api pull " +
  "wire lok spread identifi occur relax listen raw determin enabl shoot loop harm wax mist sar discount " +
  "wife cup afford station popul launch tempo anc award impli incom builder wear bound father beyond gain " +
  "burn highest tent loan factor gui mere nearli script evid voic lack fear export aim guard nor hundr " +
  "experienc trial agent park technic domain radio detect cancer particularli friendli guess surround " +
  "restaur although threat wrote cach impress earlier church lit fetch strict bra passion temperatur notr " +
  "mission cloud estat boost whose reflect cold multi challeng director ahead extern capac matrix apart " +
  "schedul dispatch born configur journal gone sexual appoint relev wild artist doctor rub copyright " +
  "annual rapid permit critic larger truth mental lugar sweet zero cheap effici jam feder shot interview " +
  "transact talent flat male coffe poor directori leader rid el lose advantag peac welcom mad unless neg " +
  "equal fee euro slight scope journei split inner none ali civil behavior tail dei luck remain trail " +
  "traffic movement older establish ring haven nod fashion instant rare successfulli billion shift poll " +
  "plot spring logo pri husband creativ therefor signal describ brain stick street techniqu tap heavi " +
  "maintain seven holidai perhap quarter wed advanc achiev eta abstract retail mess neighbor exchang sang " +
  "upper chi ham attribut suitabl prepar delai wast kept fond sow orient militari smooth mayor porn habit " +
  "centr replac onto mater independ steel altern mock math destin footbal mine avant champ kit thousand " +
  "attend biggest complianc meg coverag extract properli bought earth chain danger whatev cancel societi " +
  "plenti exercis bah realiti remot advent separ weak deposit durat toe numer depth architect winter " +
  "gather partial smaller depart classic obviou guest craft bright garden typic honest squar batch aid " +
  "foreign tse mud truck king suit opinion forget worker escort jump daughter rain hang interior audienc " +
  "destroi fish absolut repair facil faith thu mee anim dynam centuri dedic novel teacher vote hidden " +
  "feedback resolv aria flash west combin failur medium submit economi vision pac pure permiss alter " +
  "automat corner odd eight dip awar sad district presenc explor famou branch stone pak fly advertis " +
  "yield previous recip lin mous transit pill worri familiar meant procedur ye factori heel brief joint " +
  "senior payload torch plate wen scan fantast tast trigger ana gun nun mainten forum ran segment expens " +
  "ic fuel reject verifi justifi vari march wine instrument assign rel south nativ reliabl minor focus " +
  "mini zone agreement quiet crow ride bedroom bond jun sole proud divers competit accid sister manual " +
  "excit snow phase prompt promot flight visibl asset chart will fruit consum plastic sugar awesom grade " +
  "speci extens chemic cloth poker trait confer rum academ tat agenc tough chose premier seat instruct " +
  "sustain furnitur binari clearli creation entertain lai mostli intend convers premium photograph hell " +
  "visitor execut invalid femal mond batteri ingredi cycl battl kill resid cream carbon manifest survei " +
  "anywher registr joi highlight profit rental teen manner bid bare influenc superior dad dinner egg " +
  "faster tank disabl slightli confid occas episod north chosen bird monthli zip guarante sequenc breath " +
  "axi favour outdoor salt breakfast accur roof buck massag bear leadership desir despit tah environment " +
  "rod colour trend privaci univers plane administr peng clock hub angl chair reward mouth bathroom dot " +
  "alcohol rise approv usag symptom canva vital explain sheet skip approxim ticket hook protocol ident " +
  "corpor dollar rig climat quot protein soul mah injuri kick hall hip repli comprehens gear conveni beat " +
  "brother usa crisi appreci expertis protest distinct variant doubt hide deck blank excess greatest " +
  "significantli adopt mob pit iron exclus glad interv bent pump particip terror thick bind realiz broken " +
  "suffer boot marri arrest viru quantiti tight fi seed crimin sky amin tin marriag theori clinic " +
  "worldwid jew resolut alpha lunch studio bike therapi gai debt bai drag eventu mole spin kung financ " +
  "neighborhood pose";

const PLACES = new Map(STEMS.split(" ").map((stem, place) => [stem, place]));
const RAREST = Math.log(PLACES.size + 1);

/**
 * How much a word tells, 0 to 1, by how rare it is in English at large: ln(2 + place) / ln(2001), and 1 for all that are not
 * among the common ones. A small handbook cannot know that "need" says less than "tariff": in its own few texts both are rare.
 *
 * Source: docs/decisions/0004.
 */
export function wordWeight(stem: string): number {
  const place = PLACES.get(stem);
  return place === undefined ? 1 : Math.min(1, Math.log(2 + place) / RAREST);
}
